import cliProgress from 'cli-progress';
import type { BatchWatch } from './batch-run';

const PHASES = {
  taking: 'приём / taking',
  checking: 'проверка / checking',
  routing: 'решения / routing',
  finishing: 'итоги / finishing',
  done: 'готово / done',
  'nothing-to-do': 'новых счетов нет / nothing new',
} as const;

export interface ProgressDisplay {
  readonly show: (watch: BatchWatch) => void;
  readonly stop: () => void;
}

/** A live bar in a terminal, otherwise a plain line whenever a tenth more is done. Writes to stderr. */
export function progressDisplay(quiet: boolean): ProgressDisplay {
  if (quiet) return { show: () => undefined, stop: () => undefined };
  return process.stderr.isTTY ? liveBar() : plainLines();
}

function liveBar(): ProgressDisplay {
  const bar = new cliProgress.SingleBar({
    format: '  {phase} [{bar}] {percentage}% | строк {lines} | замечаний {findings}',
    stream: process.stderr,
    hideCursor: true,
  });
  let started = false;
  return {
    show: (watch) => {
      const { phase, chunksDone, chunksTotal } = watch.progress;
      const payload = {
        phase: PHASES[phase],
        lines: watch.batch?.lineCount ?? 0,
        findings: watch.findings,
      };
      if (!started) bar.start(Math.max(1, chunksTotal), chunksDone, payload);
      started = true;
      bar.setTotal(Math.max(1, chunksTotal));
      bar.update(chunksDone, payload);
    },
    stop: () => bar.stop(),
  };
}

function plainLines(): ProgressDisplay {
  let last = '';
  return {
    show: ({ progress, batch, findings }) => {
      const tenths = progress.chunksTotal === 0 ? 0 : Math.floor((progress.chunksDone / progress.chunksTotal) * 10);
      const key = `${progress.phase}/${tenths}`;
      if (key === last) return;
      last = key;
      process.stderr.write(
        `  ${PHASES[progress.phase]}: ${tenths * 10}%, строк ${batch?.lineCount ?? 0}, замечаний ${findings}\n`,
      );
    },
    stop: () => undefined,
  };
}
