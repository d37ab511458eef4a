import { setImmediate } from 'node:timers/promises';
import type { Book } from '../models/fraud/book';
import { alertText } from '../models/fraud/evidence-text';
import { DEFAULT_FALSE_DISCOVERY_RATE, rankAlerts } from '../models/fraud/rank';
import { fitInSteps } from '../models/fraud/scoring';
import type { FraudScoring } from '../models/fraud/scoring';
import type { FraudAlert } from '../models/fraud/types';
import { commentEvidence } from '../models/feedback/comments/evidence';
import type { CommentModel } from '../models/feedback/comments/classify';
import { calibrated, recalibrate } from '../models/investigation/recalibrate';
import type { Pool } from '../prisma/pool';
import { setStatementTimeout, withTransaction } from '../prisma/pool';
import { openCases } from '../prisma/repositories/fraud-cases';
import { lineIdOf, readFraudBook } from '../prisma/repositories/fraud-book';
import type { FraudBook } from '../prisma/repositories/fraud-book';
import {
  finishRun,
  addSuspiciousLines,
  clearSuspiciousLines,
  insertSignals,
  readBusyUnits,
  readCaseLabels,
  startRun,
} from '../prisma/repositories/fraud-signals';
import type { SignalWrite, SuspiciousLine } from '../prisma/repositories/fraud-signals';
import type { FraudScoringInput, FraudScoringResult } from '../workflows/fraud-messages';
import { createFileSpools } from './fraud-scoring/file-spools';
import { storeRates } from './fraud-scoring/rates';

export interface ScoringDeps {
  readonly pool: Pool;
  readonly comments: () => CommentModel;
}

const DEFAULT_CAPACITY = 20;
const DEFAULT_COOL_OFF_DAYS = 90;
/** Below this a line is nobody's evidence; it keeps the table small. */
const SUSPICIOUS = 0.1;
const READ_TIMEOUT_MS = 600_000;

export function createScoringActivities(deps: ScoringDeps) {
  return {
    /**
     * One scoring of the book: parameters and calibration estimated anew, signals and suspicious lines stored, cases
     * opened. All of it commits together under the run's key, so that a repeated attempt finds it done.
     */
    async scoreBook(input: FraudScoringInput & { runKey: string }): Promise<FraudScoringResult> {
      const { pool } = deps;
      const run = await startRun(pool, input.runKey);
      if (run.state === 'done') return run;
      const spools = createFileSpools();
      try {
        const model = deps.comments();
        const book = await withTransaction(pool, async (tx) => {
          await setStatementTimeout(tx, READ_TIMEOUT_MS);
          return readFraudBook(tx, spools, (text) => commentEvidence(model, text));
        });
        const scoring = await fitPolitely(book.book);
        return await storeScores(pool, { input, runId: run.runId, book, scoring });
      } finally {
        spools.close();
      }
    },
  };
}

/** Fits the models step by step and lets the process do other work in between. */
async function fitPolitely(book: Book): Promise<FraudScoring> {
  const steps = fitInSteps(book);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await setImmediate();
  }
}

interface ScoredBook {
  readonly input: FraudScoringInput;
  readonly runId: string;
  readonly book: FraudBook;
  readonly scoring: FraudScoring;
}

function storeScores(pool: Pool, { input, runId, book, scoring }: ScoredBook): Promise<FraudScoringResult> {
  const capacity = input.capacity ?? DEFAULT_CAPACITY;
  const falseDiscoveryRate = input.falseDiscoveryRate ?? DEFAULT_FALSE_DISCOVERY_RATE;
  return withTransaction(pool, async (tx) => {
    await setStatementTimeout(tx, READ_TIMEOUT_MS);
    await clearSuspiciousLines(tx);
    for (let p = 0; p < book.book.parts; p++) {
      // A part without suspicious lines asks the database nothing: the wait lets the process send its heartbeats.
      await setImmediate();
      await addSuspiciousLines(tx, runId, suspiciousLines(book, scoring, p));
    }
    const calibration = recalibrate(await readCaseLabels(tx));
    const busy = await readBusyUnits(tx, input.coolOffDays ?? DEFAULT_COOL_OFF_DAYS);
    const room = Math.max(0, capacity - busy.filter(({ open }) => open).length);
    const alerts = scoring.alerts({ falseDiscoveryRate });
    const adjusted = alerts.map((alert) => ({ ...alert, score: calibrated(alert.score, calibration) }));
    const taken = new Set(busy.map(({ unit }) => unit));
    const shown = capOpened(rankAlerts(adjusted, { falseDiscoveryRate }), room, (alert) =>
      taken.has([book.clinicIds[alert.clinic], doctorOf(book, alert) ?? 0, alert.scheme].join('/')),
    );
    const signals = shown.map((alert) => signalOf(book, alert));
    const ids = await insertSignals(tx, runId, signals);
    const opening = signals.flatMap((signal, at) =>
      signal.decision === 'open' ? [{ ...signal, signalId: ids[at]!, reason: signal.textRu }] : [],
    );
    const opened = await openCases(tx, opening);
    const done = { lines: book.book.lines, answers: book.book.answers, alerts: signals.length, opened };
    const parameters = { rates: storeRates(scoring.phantom.rates), calibration, capacity, falseDiscoveryRate };
    await finishRun(tx, runId, { ...done, parameters });
    return { runId, ...done };
  });
}

export type ScoringActivities = ReturnType<typeof createScoringActivities>;

/** Opened alerts beyond the room, and those of units that are under investigation, stay on watch. */
function capOpened(alerts: readonly FraudAlert[], room: number, isBusy: (alert: FraudAlert) => boolean): FraudAlert[] {
  let left = room;
  return alerts.flatMap((alert) => {
    if (alert.decision === 'none') return [];
    if (alert.decision !== 'open') return [alert];
    if (left === 0 || isBusy(alert)) return [{ ...alert, decision: 'watch' as const }];
    left -= 1;
    return [alert];
  });
}

function doctorOf(book: FraudBook, alert: FraudAlert): number | null {
  return alert.doctor < 0 ? null : book.doctorIds[alert.doctor]!;
}

function signalOf(book: FraudBook, alert: FraudAlert): SignalWrite {
  return {
    clinicId: book.clinicIds[alert.clinic]!,
    doctorId: doctorOf(book, alert),
    scheme: alert.scheme,
    score: alert.score,
    expectedKopecks: alert.expected,
    decision: alert.decision === 'open' ? 'open' : 'watch',
    seenElsewhere: alert.seenElsewhere,
    parts: alert.parts,
    textRu: alertText(alert, 'ru'),
    textEn: alertText(alert, 'en'),
  };
}

function suspiciousLines({ book, doctorIds }: FraudBook, scoring: FraudScoring, index: number): SuspiciousLine[] {
  const part = book.part(index);
  const { posterior, leadUnit } = scoring.scorePart(part);
  const [high, low] = part.keys;
  const lines: SuspiciousLine[] = [];
  for (let row = 0; row < posterior.length; row++) {
    if (posterior[row]! < SUSPICIOUS) continue;
    const unit = leadUnit[row]!;
    const leadDoctorId = unit < 0 ? null : (doctorIds[book.units.doctor[unit]!] ?? null);
    lines.push({ lineId: lineIdOf(high[row]!, low[row]!), posterior: posterior[row]!, leadDoctorId });
  }
  return lines;
}
