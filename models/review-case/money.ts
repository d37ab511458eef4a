/** How one billed line is split. All integer kopecks; billed = accepted + reduced + refused + patientShare. */
export interface VerdictMoney {
  readonly billedKopecks: number;
  readonly acceptedKopecks: number;
  readonly reducedKopecks: number;
  readonly refusedKopecks: number;
  readonly patientShareKopecks: number;
}

export interface BilledLine {
  readonly amountKopecks: number;
  readonly patientShareKopecks: number;
}

export const NO_MONEY: VerdictMoney = {
  billedKopecks: 0,
  acceptedKopecks: 0,
  reducedKopecks: 0,
  refusedKopecks: 0,
  patientShareKopecks: 0,
};

/** The patient's share as billed, but never more than the bill itself: nobody's part of a line is negative. */
export function shareOf(line: BilledLine): number {
  return Math.max(0, Math.min(line.patientShareKopecks, line.amountKopecks));
}

/** What the insurer is asked to pay for the line. */
export function insurerShareOf(line: BilledLine): number {
  return line.amountKopecks - shareOf(line);
}

export function acceptMoney(line: BilledLine): VerdictMoney {
  return { ...splitOf(line), acceptedKopecks: insurerShareOf(line) };
}

export function refuseMoney(line: BilledLine): VerdictMoney {
  return { ...splitOf(line), refusedKopecks: insurerShareOf(line) };
}

/**
 * Reduces what the insurer pays to `acceptedKopecks`; the rest of its share is reduced, the patient's share stays.
 * Returns null when that is no reduction: less than nothing, or not below what was asked.
 */
export function reduceMoney(line: BilledLine, acceptedKopecks: number): VerdictMoney | null {
  const asked = insurerShareOf(line);
  if (!Number.isSafeInteger(acceptedKopecks) || acceptedKopecks < 0 || acceptedKopecks >= asked) return null;
  return { ...splitOf(line), acceptedKopecks, reducedKopecks: asked - acceptedKopecks };
}

export function addMoney(a: VerdictMoney, b: VerdictMoney): VerdictMoney {
  return {
    billedKopecks: a.billedKopecks + b.billedKopecks,
    acceptedKopecks: a.acceptedKopecks + b.acceptedKopecks,
    reducedKopecks: a.reducedKopecks + b.reducedKopecks,
    refusedKopecks: a.refusedKopecks + b.refusedKopecks,
    patientShareKopecks: a.patientShareKopecks + b.patientShareKopecks,
  };
}

/** Invariant 3: billed = accepted + reduced + refused + patient's share, to the kopeck. */
export function balances(money: VerdictMoney): boolean {
  const parts = money.acceptedKopecks + money.reducedKopecks + money.refusedKopecks + money.patientShareKopecks;
  return money.billedKopecks === parts;
}

/** Roubles with two decimals and a dot, as in the exchange formats: 123456 -> '1234.56'. */
export function roubles(kopecks: number): string {
  const sign = kopecks < 0 ? '-' : '';
  const abs = Math.abs(kopecks);
  return `${sign}${Math.trunc(abs / 100)}.${String(abs % 100).padStart(2, '0')}`;
}

function splitOf(line: BilledLine): VerdictMoney {
  return { ...NO_MONEY, billedKopecks: line.amountKopecks, patientShareKopecks: shareOf(line) };
}
