import { normalCdf, shrinkMeans, type Estimate } from './shrink';

/** Lines and findings of one case-mix stratum (for example kind of service x diagnosis class) at one clinic. */
export interface StratumCounts {
  readonly stratum: string;
  readonly lines: number;
  readonly findings: number;
}

/** What a clinic did in the rated period. References are opaque ids that the page can open. */
export interface ClinicRecord {
  readonly clinicId: string;
  readonly strata: readonly StratumCounts[];
  readonly disputes: { readonly decided: number; readonly lost: number };
  /** Hours in which the clinic answered each request. */
  readonly answerHours: readonly number[];
  /** Price of each compared position over the market's median price of that service. */
  readonly priceRatios: readonly number[];
  /** Confirmed fraud, kopecks, and all that was paid, kopecks. */
  readonly confirmedFraud: number;
  readonly paid: number;
  /** Ids of findings, disputes, requests, positions and cases by component. */
  readonly evidence: Readonly<Record<ComponentName, readonly string[]>>;
}

export const COMPONENTS = ['findings', 'disputes', 'answers', 'prices', 'fraud'] as const;
export type ComponentName = (typeof COMPONENTS)[number];

/** Weights of the components in the overall score: published with the rating. */
export const WEIGHTS: Readonly<Record<ComponentName, number>> = {
  findings: 0.35,
  disputes: 0.15,
  answers: 0.1,
  prices: 0.15,
  fraud: 0.25,
};

export interface RatingComponent {
  readonly name: ComponentName;
  /** In its own unit: findings per 100 lines, share lost, hours, price index, share of payments. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Standard deviations from the market's mean, positive is worse. */
  readonly z: Estimate;
  readonly evidence: readonly string[];
}

export interface InternalRating {
  readonly clinicId: string;
  /** 0-100, higher is better; the expected percentile among clinics like these. */
  readonly score: number;
  readonly low: number;
  readonly high: number;
  /** The same on the additive scale, for comparisons: lower is better. */
  readonly overall: Estimate;
  readonly components: readonly RatingComponent[];
}

const Z90 = 1.645;

/** Expected findings of each clinic if each of its strata had the market's rate (indirect standardisation). */
export function expectedFindings(clinics: readonly ClinicRecord[]): number[] {
  const market = new Map<string, { lines: number; findings: number }>();
  let allLines = 0;
  let allFindings = 0;
  for (const { strata } of clinics) {
    for (const { stratum, lines, findings } of strata) {
      const sum = market.get(stratum) ?? { lines: 0, findings: 0 };
      market.set(stratum, { lines: sum.lines + lines, findings: sum.findings + findings });
      allLines += lines;
      allFindings += findings;
    }
  }
  const overall = allFindings / Math.max(1, allLines);
  return clinics.map(({ strata }) =>
    strata.reduce((sum, { stratum, lines }) => {
      const { lines: n, findings: k } = market.get(stratum)!;
      return sum + (lines * (k + 50 * overall)) / (n + 50);
    }, 0),
  );
}

/** Logs of a rate: mean and standard error by the delta method, half an event added so that zero has a logarithm. */
function logRate(k: number, expected: number): Estimate {
  return expected > 0 ? { mean: Math.log((k + 0.5) / (expected + 0.5)), sd: 1 / Math.sqrt(k + 0.5) } : NONE;
}

const NONE: Estimate = { mean: Number.NaN, sd: Number.POSITIVE_INFINITY };

function logMean(values: readonly number[], floor: number): Estimate {
  if (values.length === 0) return NONE;
  const logs = values.map((value) => Math.log(Math.max(floor, value)));
  const mean = logs.reduce((a, b) => a + b, 0) / logs.length;
  const variance = logs.reduce((sum, x) => sum + (x - mean) ** 2, 0) + 0.25;
  return { mean, sd: Math.sqrt(variance / Math.max(1, logs.length - 0.5) / logs.length) };
}

function logitShare(k: number, n: number): Estimate {
  return n > 0 ? { mean: Math.log((k + 0.5) / (n - k + 0.5)), sd: Math.sqrt(1 / (k + 0.5) + 1 / (n - k + 0.5)) } : NONE;
}

interface Scale {
  readonly raw: (clinic: ClinicRecord, index: number) => Estimate;
  /** From the log scale to the unit shown. */
  readonly show: (x: number) => number;
}

/**
 * Internal ratings of all clinics of a period. Every component is measured on a log or logit scale with its sampling
 * error, shrunk towards the market (so that a small clinic with one bad week is not the worst), and standardised; the
 * overall is the weighted mean of the shrunk z values with its standard deviation; intervals are 90 %.
 */
export function rateClinics(clinics: readonly ClinicRecord[]): InternalRating[] {
  const expected = expectedFindings(clinics);
  const lines = clinics.reduce((sum, c) => sum + c.strata.reduce((s, x) => s + x.lines, 0), 0);
  const findings = clinics.reduce((sum, c) => sum + c.strata.reduce((s, x) => s + x.findings, 0), 0);
  const per100 = (100 * findings) / Math.max(1, lines);
  const logistic = (x: number): number => 1 / (1 + Math.exp(-x));
  const scales: Readonly<Record<ComponentName, Scale>> = {
    findings: {
      raw: (clinic, i) =>
        logRate(
          clinic.strata.reduce((sum, s) => sum + s.findings, 0),
          expected[i]!,
        ),
      show: (x) => per100 * Math.exp(x),
    },
    disputes: { raw: ({ disputes }) => logitShare(disputes.lost, disputes.decided), show: logistic },
    answers: { raw: ({ answerHours }) => logMean(answerHours, 0.1), show: Math.exp },
    prices: { raw: ({ priceRatios }) => logMean(priceRatios, 0.05), show: Math.exp },
    fraud: {
      raw: ({ confirmedFraud, paid }) =>
        // One per cent of the payments is one "event": what is confirmed is no sample, the error only says "so far".
        paid > 0 ? logRate((100 * confirmedFraud) / paid, 1) : NONE,
      show: (x) => Math.max(0, 0.015 * Math.exp(x) - 0.005),
    },
  };
  const measured = COMPONENTS.map((name) => {
    const { units, mean, spread } = shrinkMeans(clinics.map((clinic, i) => scales[name].raw(clinic, i)));
    const unit = spread > 1e-6 ? spread : 1;
    return { name, units, z: units.map((u) => ({ mean: (u.mean - mean) / unit, sd: u.sd / unit })) };
  });
  const total = Math.sqrt(COMPONENTS.reduce((sum, name) => sum + WEIGHTS[name] ** 2, 0));
  return clinics.map((clinic, i) => {
    const components = measured.map(({ name, units, z }) => {
      const { show } = scales[name];
      const { mean, sd } = units[i]!;
      return {
        name,
        value: show(mean),
        low: show(mean - Z90 * sd),
        high: show(mean + Z90 * sd),
        z: z[i]!,
        evidence: clinic.evidence[name],
      };
    });
    const overall = {
      mean: components.reduce((sum, c) => sum + WEIGHTS[c.name] * c.z.mean, 0),
      sd: Math.sqrt(components.reduce((sum, c) => sum + (WEIGHTS[c.name] * c.z.sd) ** 2, 0)),
    };
    const percentile = (x: number): number => 100 * (1 - normalCdf(x / total));
    return {
      clinicId: clinic.clinicId,
      score: percentile(overall.mean),
      low: percentile(overall.mean + Z90 * overall.sd),
      high: percentile(overall.mean - Z90 * overall.sd),
      overall,
      components,
    };
  });
}
