import type { LocalizedText } from '../errors';
import { patientShareOf } from './money';
import { answerTexts } from './texts';
import type { FirstAnswer, LetterFinding, LetterPolicy, LimitRoom, LineAnswer, LineFacts } from './types';

/** Findings that a machine may refuse on: no cover on the date, in the clinic, for the service or the diagnosis. */
const REFUSING = /^ELIG-/;
/** Findings that the sender can mend: a code that cannot be read, a tooth that is missing. */
const ASK_SENDER = new Set(['CLIN-02', 'PLAU-03']);
/** Findings that speak of billing, not of a promise: prices and limits are looked at here in their own way. */
const NOT_FOR_LETTERS = /^(AUTH|PRIC|LIMI|PLAU-0[124])/;

/**
 * The first answer to a request: per line approve, approve what the limits leave, refuse on administrative grounds,
 * or pend to documents or to a doctor. Never refuses on medical grounds (invariant 1). Pure: the same facts give the
 * same answer. Lines are answered in order, and each takes its share of the limits from the lines after it.
 * @param facts one entry per requested line
 * @param asked kopecks of the whole request, where `facts` are only its open lines
 */
export function firstAnswer(
  facts: readonly LineFacts[],
  policy: LetterPolicy,
  asked = facts.reduce((sum, line) => sum + (line.unitPrice ?? 0) * line.quantity, 0),
): FirstAnswer {
  const taken = new Map<string, number>();
  const lines = facts.map((line) => {
    const answer = answerLine(line, asked > policy.autoApproveKopecks && !line.trusted, taken);
    for (const { key, yearStart, amount } of answer.reserve) {
      const slot = slotOf({ key, yearStart });
      taken.set(slot, (taken.get(slot) ?? 0) + amount);
    }
    return answer;
  });
  const pended = lines.filter((line) => line.outcome === 'pended');
  return {
    state: stateOf(lines),
    pendedFor: pended.length === 0 ? null : pended.some((line) => line.pendedFor === 'expert') ? 'expert' : 'documents',
    fourEyes: asked >= policy.fourEyesKopecks,
    approvedKopecks: lines.reduce((sum, line) => sum + line.amount, 0),
    trustedLane: facts.some((line, i) => line.trusted && lines[i]!.outcome === 'approved'),
    lines,
  };
}

/** State of a request by its lines' outcomes. */
export function stateOf(lines: readonly Pick<LineAnswer, 'outcome'>[]): FirstAnswer['state'] {
  if (lines.some((line) => line.outcome === 'pended')) return 'pended';
  const promised = lines.filter((line) => line.outcome === 'approved' || line.outcome === 'partial');
  if (promised.length === 0) return 'refused';
  return promised.length === lines.length && promised.every((line) => line.outcome === 'approved')
    ? 'approved'
    : 'partially-approved';
}

function answerLine(line: LineFacts, overCeiling: boolean, taken: ReadonlyMap<string, number>): LineAnswer {
  const refusing = line.findings.find((finding) => REFUSING.test(finding.code));
  if (refusing !== undefined) return refuse(line, refusing.code, refusing.text);
  if (line.duplicateLetters.length > 0) {
    return refuse(line, 'DUPL-01', answerTexts.duplicateLetter(line.duplicateLetters));
  }
  const room = roomFor(line, taken);
  if (room.quantity === 0 && line.unitPrice !== null) {
    return refuse(line, room.code ?? 'LIMI-01', answerTexts.limitUsedUp(room.key ?? ''));
  }

  const askSender = line.findings.filter((finding) => ASK_SENDER.has(finding.code));
  const documents = line.trusted ? [] : line.missingDocuments;
  if (documents.length > 0 || askSender.length > 0) {
    const asks = documents.length > 0 ? [answerTexts.documentsMissing(documents)] : [];
    const codes = [...(documents.length > 0 ? ['documents'] : []), ...askSender.map(({ code }) => code)];
    return pend(line, 'documents', [...asks, ...askSender.map((finding) => finding.text)], codes);
  }

  const doubts: { code: string; text: LocalizedText }[] = line.findings.filter(isForDoctor);
  if (line.unitPrice === null) doubts.push({ code: 'no-price', text: answerTexts.noPrice() });
  if (overCeiling) doubts.push({ code: 'over-ceiling', text: answerTexts.overCeiling() });
  if (doubts.length > 0 || line.unitPrice === null) {
    return pend(
      line,
      'expert',
      doubts.map(({ text }) => text),
      doubts.map(({ code }) => code),
    );
  }

  return {
    lineNo: line.lineNo,
    outcome: room.quantity === line.quantity ? 'approved' : 'partial',
    quantity: room.quantity,
    amount: room.quantity * line.unitPrice,
    ground: room.quantity === line.quantity ? null : 'administrative',
    reasonCode: room.quantity === line.quantity ? null : room.code,
    pendedFor: null,
    reasons: room.quantity === line.quantity ? [] : [answerTexts.limitLeaves(room.quantity, room.key ?? '')],
    reserve: reservationFor(line, room.quantity),
    pendCodes: [],
  };
}

function isForDoctor(finding: LetterFinding): boolean {
  return !REFUSING.test(finding.code) && !NOT_FOR_LETTERS.test(finding.code) && !ASK_SENDER.has(finding.code);
}

/** The largest quantity that every limit still holds, and the limit that cut it. */
export function roomFor(
  line: Pick<LineFacts, 'quantity' | 'unitPrice' | 'franchisePercent' | 'limits'>,
  taken: ReadonlyMap<string, number> = new Map(),
): { quantity: number; key: string | null; code: 'LIMI-01' | 'LIMI-02' | null } {
  let quantity = line.quantity;
  let tightest: LimitRoom | null = null;
  for (const limit of line.limits) {
    const left = Math.max(0, limit.left - (taken.get(slotOf(limit)) ?? 0));
    const fits = limit.unit === 'units' ? Math.floor(left) : unitsWithin(line, left);
    if (fits < quantity) {
      quantity = fits;
      tightest = limit;
    }
  }
  return {
    quantity,
    key: tightest?.key ?? null,
    code: tightest === null ? null : tightest.unit === 'units' ? 'LIMI-01' : 'LIMI-02',
  };
}

/** What an approval of `quantity` units takes of each limit: units, or kopecks of the insurer's share. */
export function reservationFor(
  line: Pick<LineFacts, 'unitPrice' | 'franchisePercent' | 'limits'>,
  quantity: number,
): { key: string; yearStart: string; amount: number }[] {
  if (quantity === 0) return [];
  return line.limits
    .map((limit) => ({
      key: limit.key,
      yearStart: limit.yearStart,
      amount: limit.unit === 'units' ? quantity : insurerShare(line, quantity),
    }))
    .filter(({ amount }) => amount > 0);
}

const slotOf = (limit: { key: string; yearStart: string }): string => `${limit.yearStart} ${limit.key}`;

function insurerShare(line: Pick<LineFacts, 'unitPrice' | 'franchisePercent'>, quantity: number): number {
  const amount = (line.unitPrice ?? 0) * quantity;
  return amount - patientShareOf(amount, line.franchisePercent);
}

function unitsWithin(line: Pick<LineFacts, 'unitPrice' | 'franchisePercent' | 'quantity'>, left: number): number {
  let units = line.quantity;
  while (units > 0 && insurerShare(line, units) > left) units -= 1;
  return units;
}

function refuse(line: LineFacts, reasonCode: string, reason: LocalizedText): LineAnswer {
  const base = { lineNo: line.lineNo, quantity: 0, amount: 0, pendedFor: null, reserve: [], pendCodes: [] } as const;
  return { ...base, outcome: 'refused', ground: 'administrative', reasonCode, reasons: [reason] };
}

function pend(
  line: LineFacts,
  pendedFor: 'documents' | 'expert',
  reasons: readonly LocalizedText[],
  pendCodes: readonly string[],
): LineAnswer {
  const base = { lineNo: line.lineNo, quantity: 0, amount: 0, ground: null, reasonCode: null, reserve: [] } as const;
  return { ...base, outcome: 'pended', pendedFor, reasons, pendCodes };
}
