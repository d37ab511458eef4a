import type { LocalizedText } from '../errors';
import { roomFor } from './first-answer';
import { patientShareOf } from './money';
import { answerTexts, documentNames } from './texts';
import type { LimitRoom, LineFacts } from './types';

/** The answer at order time for one service: what a registrar tells the patient before anything is done. */
export interface CoverageAnswer {
  readonly lineNo: number;
  /** `expert`: covered by the contract, but a doctor would have to look (findings are in `reasons`). */
  readonly covered: 'yes' | 'no' | 'expert';
  readonly reasons: readonly { readonly code: string; readonly text: LocalizedText }[];
  readonly letterRequired: boolean;
  readonly documents: readonly { readonly kind: string; readonly name: LocalizedText }[];
  readonly limits: readonly LimitRoom[];
  readonly franchisePercent: number;
  /** Kopecks per unit by the contract's price list; null = not priced. */
  readonly unitPrice: number | null;
  readonly patientShare: number | null;
  readonly insurerShare: number | null;
}

/** Pure view of the same facts that a letter's first answer reads, so that the two can never disagree. */
export function coverageAnswer(facts: LineFacts & { readonly letterRequired: boolean }): CoverageAnswer {
  const refusing = facts.findings.filter((finding) => finding.code.startsWith('ELIG-'));
  const doubts = facts.findings.filter((finding) => !/^(ELIG|AUTH|PRIC|LIMI)-/.test(finding.code));
  const room = roomFor(facts);
  const usedUp =
    room.quantity === 0 && room.code !== null
      ? [{ code: room.code, text: answerTexts.limitUsedUp(room.key ?? '') }]
      : [];
  const no = [...refusing.map(({ code, text }) => ({ code, text })), ...usedUp];
  const amount = facts.unitPrice === null ? null : facts.unitPrice * facts.quantity;
  const patientShare = amount === null ? null : patientShareOf(amount, facts.franchisePercent);
  const price = facts.unitPrice === null ? [{ code: 'PRIC-01', text: answerTexts.noPrice() }] : [];
  return {
    lineNo: facts.lineNo,
    covered: no.length > 0 ? 'no' : doubts.length > 0 || price.length > 0 ? 'expert' : 'yes',
    reasons: [...no, ...doubts.map(({ code, text }) => ({ code, text })), ...price],
    letterRequired: facts.letterRequired,
    documents: facts.letterRequired
      ? facts.missingDocuments.map((kind) => ({ kind, name: documentNames[kind] ?? { ru: kind, en: kind } }))
      : [],
    limits: facts.limits,
    franchisePercent: facts.franchisePercent,
    unitPrice: facts.unitPrice,
    patientShare,
    insurerShare: amount === null || patientShare === null ? null : amount - patientShare,
  };
}
