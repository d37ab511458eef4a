import type { Book } from './book';
import type { Collector } from './chapter';
import type { Hierarchy } from './hierarchy';
import type { PhantomModel } from './phantom';
import { addRoubles, noRoubles, type Roubles } from './roubles';
import type { Scheme, ScorePart } from './types';
import { hurriedFraction, hurriedRatio, upcodingPrior, type UpcodingModel } from './upcoding';
import type { AnsweredVisits } from './visit-evidence';
import type { Volume } from './volume';

/** Parts of one scheme for clinics as a whole and for units (clinic x doctor). */
export interface SchemeParts {
  readonly clinic: readonly ScorePart[];
  readonly unit: readonly ScorePart[];
}

type Level = 'clinic' | 'unit';

/** One part a clinic and a unit from a fitted hierarchy. */
function hierarchyParts(
  scheme: Scheme,
  hierarchy: Hierarchy,
  roubles: Roubles,
  facts: (level: Level, index: number) => ScorePart['facts'],
): SchemeParts {
  const level = (name: Level, shares: Float64Array): ScorePart[] =>
    Array.from(hierarchy[name], (posterior, i) => ({
      scheme,
      posterior,
      share: shares[i]!,
      expected: roubles[name][i]!,
      facts: facts(name, i),
    }));
  return { clinic: level('clinic', hierarchy.clinicShare), unit: level('unit', hierarchy.unitShare) };
}

/** Phantom parts: what answers, comments and billing volume say together, and the roubles behind it. */
export function phantomParts(
  visits: AnsweredVisits,
  volume: Volume,
  model: PhantomModel,
  roubles: Roubles,
): SchemeParts {
  const comments = {
    clinic: new Float64Array(model.clinicDenied.length),
    unit: new Float64Array(model.unitDenied.length),
  };
  for (let v = 0; v < visits.count; v++) {
    if (visits.commentPhantom[v] !== 2) continue;
    comments.clinic[visits.clinic[v]!]! += 1;
    if (visits.unit[v]! >= 0) comments.unit[visits.unit[v]!]! += 1;
  }
  const denied = { clinic: model.clinicDenied, unit: model.unitDenied };
  const answered = { clinic: model.clinicAnswered, unit: model.unitAnswered };
  const market = model.rates.line[0][1]!;
  return hierarchyParts('phantom', model.hierarchy, roubles, (level, i) => ({
    denied: denied[level][i]!,
    answered: answered[level][i]!,
    marketDenied: market,
    comments: comments[level][i]!,
    volumeRatio: Math.exp(volume[level].value[i]!),
  }));
}

/** Insurer's share of all consultations by doctor, and of those without a doctor by clinic, kopecks. */
export function collectConsultations({ clinics, units, services }: Book): Collector<Roubles> {
  const billed = noRoubles({ clinics, units });
  return {
    add: ({ lines }) => {
      for (let row = 0; row < lines.length; row++) {
        const service = lines.service[row]!;
        if (service < 0 || services.kind[service] !== 0) continue;
        const unit = lines.unit[row]!;
        if (unit >= 0) billed.unit[unit]! += lines.payable[row]!;
        else billed.clinic[lines.clinic[row]!]! += lines.payable[row]!;
      }
    },
    finish: () => billed,
  };
}

/**
 * The part of the price of consultations that was not earned: by the answers where the visit has any, else at the
 * expected share of the doctor and the clinic.
 */
function unearnedRoubles(book: Book, visits: AnsweredVisits, model: UpcodingModel, billed: Roubles): Roubles {
  const { hierarchy } = model;
  const unearned = 1 - hurriedFraction(model.duration);
  const roubles = noRoubles(book);
  const unanswered = Float64Array.from(billed.unit);
  for (let v = 0; v < visits.count; v++) {
    const unit = visits.consultUnit[v]!;
    if (unit < 0) continue;
    const clinic = visits.clinic[v]!;
    const prior = upcodingPrior(hierarchy, clinic, unit);
    const guilty = prior * hurriedRatio(model, visits, v);
    const amount = (guilty / (guilty + 1 - prior)) * unearned * visits.consultPayable[v]!;
    addRoubles(roubles, hierarchy, clinic, unit, amount);
    unanswered[unit]! -= visits.consultPayable[v]!;
  }
  for (let u = 0; u < book.units.count; u++) {
    const clinic = book.units.clinic[u]!;
    const amount = upcodingPrior(hierarchy, clinic, u) * unearned * unanswered[u]!;
    addRoubles(roubles, hierarchy, clinic, u, amount);
  }
  billed.clinic.forEach((amount, c) => {
    addRoubles(roubles, hierarchy, c, -1, upcodingPrior(hierarchy, c, -1) * unearned * amount);
  });
  return roubles;
}

/** Upcoding parts: hurried visits by the patients' account, and the part of the price that was not earned. */
export function upcodingParts(book: Book, visits: AnsweredVisits, model: UpcodingModel, billed: Roubles): SchemeParts {
  const { mix } = model;
  const short = { clinic: model.clinicShort, unit: model.unitShort };
  const timed = { clinic: model.clinicTimed, unit: model.unitTimed };
  const primary = { clinic: mix.clinicPrimary, unit: mix.unitPrimary };
  const typed = { clinic: mix.clinicVisits, unit: mix.unitVisits };
  const expected = { clinic: mix.clinicExpected, unit: mix.unitExpected };
  let market = 0;
  for (let b = 0; b < 4; b++) market += model.duration[0][b]!;
  const roubles = unearnedRoubles(book, visits, model, billed);
  return hierarchyParts('upcoding', model.hierarchy, roubles, (level, i) => ({
    short: short[level][i]!,
    timed: timed[level][i]!,
    marketShort: market,
    primary: primary[level][i]!,
    visits: typed[level][i]!,
    expectedPrimary: expected[level][i]!,
  }));
}
