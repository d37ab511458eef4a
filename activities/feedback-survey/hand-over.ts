import type { Pool } from '../../prisma/pool';
import { markSent, markUndeliverable } from '../../prisma/repositories/survey-sending';
import type { Addressee } from '../../prisma/repositories/survey-sending';
import type { Delivery, SurveyChannel, SurveyMessage } from './channel';
import { surveyMessage } from './message';

export interface HandOverDeps {
  readonly pool: Pool;
  readonly channel: SurveyChannel;
  /** Address of the page as people reach it. */
  readonly publicUrl: string;
  /** Signs links. */
  readonly secret: string;
}

/** Messages after which their fate is written down: a crash repeats at most these, under the same keys. */
const SLICE = 50;
/**
 * From then on no slice is begun, ms. A slice begins its last message within two minutes, and one message takes less than
 * four, so that the step ends before its 10 minutes are over and never runs beside its own repetition.
 */
const BEGIN_WITHIN_MS = 240_000;

/**
 * Hands messages over slice by slice. A channel that takes none of a slice is left alone for the rest: where a provider
 * hangs, each further message would cost its whole time limit. Returns how many are settled, and why others were put off.
 */
export async function handOver(
  deps: HandOverDeps,
  kind: SurveyMessage['kind'],
  waiting: readonly Addressee[],
): Promise<{ settled: number; reasons: ReadonlySet<string> }> {
  const begin = Date.now();
  const reasons = new Set<string>();
  let settled = 0;
  let rest = waiting;
  while (rest.length > 0 && Date.now() - begin < BEGIN_WITHIN_MS) {
    const slice = rest.slice(0, SLICE);
    const outcomes = await deps.channel.send(slice.map((to) => surveyMessage(to, kind, deps)));
    const ids = (outcome: Delivery): string[] =>
      slice.flatMap(({ surveyId }, i) => (outcomes[i] === outcome ? [surveyId] : []));
    await markSent(deps.pool, ids('sent'), kind);
    await markUndeliverable(deps.pool, ids('refused'));
    for (const outcome of outcomes) {
      if (typeof outcome === 'object') reasons.add(outcome.later);
      else settled++;
    }
    const down = downChannels(slice, outcomes);
    rest = rest.slice(SLICE).filter(({ channel }) => !down.has(channel));
  }
  return { settled, reasons };
}

function downChannels(slice: readonly Addressee[], outcomes: readonly Delivery[]): Set<Addressee['channel']> {
  const down = new Set(slice.map(({ channel }) => channel));
  slice.forEach(({ channel }, i) => {
    if (typeof outcomes[i] !== 'object') down.delete(channel);
  });
  return down;
}
