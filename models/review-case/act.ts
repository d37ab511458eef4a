import { addMoney, balances } from './money';
import type { VerdictMoney } from './money';
import type { VerdictKind } from './decisions';
import { reasonText } from './reasons';
import type { LocalizedText } from '../errors';

/** The invoice that an act answers. */
export interface ActInvoice {
  readonly clinicCode: string;
  readonly clinicName: string;
  readonly invoiceNo: string;
  readonly invoiceDate: string;
  readonly version: number;
  readonly lineCount: number;
  readonly receivedAt: string;
}

/** One line whose verdict the act has to explain. */
export interface ActLine extends VerdictMoney {
  readonly lineNo: number;
  readonly policyNo: string;
  readonly serviceDate: string;
  readonly itemCode: string;
  readonly itemName: string;
  readonly kind: VerdictKind;
  readonly reasonCode: string | null;
  readonly clause: string | null;
  readonly explanation: LocalizedText | null;
  readonly noteToClinic: string | null;
  /** 'rule' shows the rule set, 'doctor' the name. */
  readonly author: { readonly kind: 'rule' | 'doctor'; readonly name: string };
}

export interface ActReason {
  readonly code: string;
  readonly text: LocalizedText;
  readonly lines: number;
  readonly kopecks: number;
}

/** Everything that the PDF and the JSON of an act show. Immutable once issued. */
export interface ActContent {
  readonly number: string;
  readonly supplementNo: number;
  readonly issuedAt: string;
  readonly invoice: ActInvoice;
  readonly totals: VerdictMoney;
  readonly acceptedLines: number;
  readonly reasons: readonly ActReason[];
  readonly lines: readonly ActLine[];
  readonly doctors: readonly string[];
  readonly ruleSetVersions: readonly string[];
}

export interface ActInput {
  readonly number: string;
  readonly supplementNo: number;
  readonly issuedAt: string;
  readonly invoice: ActInvoice;
  /** Lines accepted in full, as one sum. */
  readonly accepted: { readonly lines: number; readonly money: VerdictMoney };
  /** Lines reduced, refused, or (in a supplement) decided anew. */
  readonly lines: readonly ActLine[];
  /** All authors of the invoice's active verdicts. */
  readonly doctors: readonly string[];
  readonly ruleSetVersions: readonly string[];
}

/**
 * The act of one invoice version. Throws when the parts do not add up to the bill: such an act must not leave the
 * house (invariant 3).
 */
export function buildAct(input: ActInput): ActContent {
  const cut = input.lines.filter((line) => line.kind !== 'accept');
  const totals = input.lines.reduce(addLine, input.accepted.money);
  if (!balances(totals)) throw new Error(`act ${input.number}: parts do not add up to the bill`);
  return {
    number: input.number,
    supplementNo: input.supplementNo,
    issuedAt: input.issuedAt,
    invoice: input.invoice,
    totals,
    acceptedLines: input.accepted.lines + input.lines.length - cut.length,
    reasons: reasonsOf(cut),
    lines: input.lines.toSorted((a, b) => a.lineNo - b.lineNo),
    doctors: [...new Set(input.doctors)].sort(),
    ruleSetVersions: [...new Set(input.ruleSetVersions)].sort(),
  };
}

/** 'АМЭ-2026-000042', with '/1' for the first supplement. */
export function actNumber(year: number, sequence: number, supplementNo: number): string {
  const base = `АМЭ-${year}-${String(sequence).padStart(6, '0')}`;
  return supplementNo === 0 ? base : `${base}/${supplementNo}`;
}

function addLine(sum: VerdictMoney, line: ActLine): VerdictMoney {
  return addMoney(sum, line);
}

function reasonsOf(lines: readonly ActLine[]): ActReason[] {
  const byCode = new Map<string, { lines: number; kopecks: number }>();
  for (const line of lines) {
    const code = line.reasonCode ?? '';
    const sum = byCode.get(code) ?? { lines: 0, kopecks: 0 };
    byCode.set(code, { lines: sum.lines + 1, kopecks: sum.kopecks + line.reducedKopecks + line.refusedKopecks });
  }
  return [...byCode]
    .map(([code, sum]) => ({ code, text: reasonText(code), ...sum }))
    .sort((a, b) => b.kopecks - a.kopecks || (a.code < b.code ? -1 : 1));
}
