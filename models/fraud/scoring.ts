import type { Book, BookPart } from './book';
import { readChapter, type Chapter, type Collector } from './chapter';
import { collectLinePattern } from './line-pattern';
import { scoreLines } from './line-posterior';
import { collectConsultations, phantomParts, upcodingParts, type SchemeParts } from './parts';
import { fitPhantom, type PhantomModel } from './phantom';
import { carryAcrossClinics } from './repeats';
import { addRoubles, noRoubles } from './roubles';
import { collectCandidates, rankAlerts, type RankOptions } from './rank';
import { impossibleDays } from './signals/impossible-days';
import { collectPatients, sharedPatients } from './signals/network';
import { suddenChange } from './signals/sudden-change';
import { unbundling } from './signals/unbundling';
import type { FraudAlert } from './types';
import { fitUpcoding, type UpcodingModel } from './upcoding';
import { joinVisits, type AnsweredVisits } from './visit-evidence';
import { collectVisitMix } from './visit-mix';
import { collectVolume, type Volume } from './volume';

/** Scores of one part's lines, in the part's own order. */
export interface LineScores {
  /** Posterior of "billed and not rendered". */
  readonly posterior: Float32Array;
  /** Unit that leads the line's episode, -1 without a doctor. */
  readonly leadUnit: Int32Array;
}

/** The models of one book. Lines are scored part by part; alerts stand when every part was scored once. */
export interface FraudScoring {
  readonly volume: Volume;
  readonly phantom: PhantomModel;
  readonly upcoding: UpcodingModel;
  /** Answers that name a line which was never billed. */
  readonly strayAnswers: number;
  readonly scorePart: (part: BookPart) => LineScores;
  /** Every clinic and every unit, in rank order. */
  readonly alerts: (options?: RankOptions) => FraudAlert[];
}

/**
 * Fits all models to a book, whose lines are read in parts and never held together: what stays in memory are sums by
 * clinic, doctor and kind of service, and the answered visits. Linear in lines and answers. Two readings of the parts
 * (the second for what the first has made suspicious); `scorePart` is the third. Yields after each part and each
 * round of a fit, so that a host may attend to other work in between; `fitFraud` just runs through.
 */
export function* fitInSteps(book: Book): Generator<undefined, FraudScoring> {
  const patients = collectPatients(book);
  const volumes = collectVolume(book);
  const mixes = collectVisitMix(book);
  const consultations = collectConsultations(book);
  const bundles = unbundling(book);
  const changes = suddenChange(book);
  const answered: AnsweredVisits[] = [];
  let strayAnswers = 0;
  const gather: Collector<void> = {
    add: ({ visits, strayAnswers: stray }) => {
      answered.push({ ...visits, row: new Int32Array(0) });
      strayAnswers += stray;
    },
    finish: () => undefined,
  };
  yield* readAll(book, [gather, patients, volumes, mixes, consultations, bundles, changes]);
  const visits = joinVisits(answered);
  answered.length = 0;
  const volume = volumes.finish();
  const phantom = yield* fitPhantom(book, visits, volume);
  const upcoding = yield* fitUpcoding(book, visits, mixes.finish());
  const pattern = collectLinePattern(book, phantom);
  const networks = sharedPatients(book, patients.finish());
  yield* readAll(book, [pattern, networks]);
  const priors = pattern.finish();
  const signals = [bundles.finish(), yield* impossibleDays(book), networks.finish(), changes.finish()];
  const roubles = noRoubles(book);
  const score = (chapter: Chapter): LineScores => {
    const { lines, structure } = chapter;
    const posterior = scoreLines(chapter, phantom, priors(chapter));
    const { leadUnit } = structure;
    for (let row = 0; row < lines.length; row++) {
      const expected = posterior[row]! * lines.payable[row]!;
      addRoubles(roubles, phantom.hierarchy, lines.clinic[row]!, leadUnit[row]!, expected);
    }
    return { posterior, leadUnit };
  };
  return {
    volume,
    phantom,
    upcoding,
    strayAnswers,
    scorePart: (part) => score(readChapter(book, part)),
    alerts: (options) => {
      const schemes: SchemeParts[] = [
        phantomParts(visits, volume, phantom, roubles),
        upcodingParts(book, visits, upcoding, consultations.finish()),
        ...signals,
      ];
      const carried = schemes.map((scheme) => carryAcrossClinics(book.units, scheme));
      return rankAlerts(collectCandidates(volume, book.units, carried), options);
    },
  };
}

function* readAll(book: Book, collectors: readonly Pick<Collector<unknown>, 'add'>[]): Generator<undefined, void> {
  for (let p = 0; p < book.parts; p++) {
    const chapter = readChapter(book, book.part(p));
    for (const collector of collectors) collector.add(chapter);
    yield;
  }
}

export function fitFraud(book: Book): FraudScoring {
  const steps = fitInSteps(book);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
