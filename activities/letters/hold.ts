import { AppError } from '../../models/errors';
import { contractYear } from '../../models/letters/contract-year';
import { coverEnd, cutToTerm, earlier } from '../../models/letters/term';
import { patientShareOf } from '../../models/letters/money';
import { isPromised } from '../../models/letters/record';
import type { LetterRecord, LetterRecordLine } from '../../models/letters/record';
import { capsFor } from '../../prisma/facts/letter-facts';
import type { PoolClient } from '../../prisma/pool';
import { holdLimits, lockLimits, readHeldAccount } from '../../prisma/repositories/letter-limits';
import type { HeldAccount, Holding, LockedLimit } from '../../prisma/repositories/letter-limits';

/**
 * Makes the limits follow a letter: what each promised line still holds, whatever is not listed is released. Promises
 * are cut to the cover they stand on.
 * @returns the letter as it may be stored
 * @throws AppError `letter.limit` | `letter.beyond-cover` (409) when an act promises more than there is
 */
export async function moveLimits(tx: PoolClient, letter: LetterRecord, kind: string): Promise<LetterRecord> {
  const account = await readHeldAccount(tx, letter.requestId);
  if (account === null) return letter;
  const asked = letter.lines.map((line) => ({
    lineNo: line.lineNo,
    serviceCode: account.services.find((service) => service.lineNo === line.lineNo)!.code,
    date: line.periodFrom,
  }));
  const limits = await lockLimits(tx, account, capsFor(account, asked));
  const ofLine = (lineNo: number): LockedLimit[] => {
    const { serviceCode, date } = asked.find((line) => line.lineNo === lineNo)!;
    return limits.filter(
      ({ key, yearStart, yearEnd }) =>
        yearStart <= date && date <= yearEnd && (key === 'annual' || serviceCode.startsWith(key)),
    );
  };
  const next = withinCover(letter, account, kind, (line) => ofLine(line.lineNo).length > 0);
  const wanted = next.lines.flatMap((line) => holdingsOf(line, account, ofLine(line.lineNo)));
  await holdLimits(
    tx,
    letter.requestId,
    account,
    limits.reduce((left, limit) => fit(left, limit, account, kind), wanted),
  );
  return next;
}

function holdingsOf(line: LetterRecordLine, account: HeldAccount, limits: readonly LockedLimit[]): Holding[] {
  if (!isPromised(line)) return [];
  const units = line.approvedQuantity - line.usedQuantity;
  const amount = units <= 0 ? 0 : Math.max(0, line.approvedKopecks - line.usedKopecks);
  const share = amount - patientShareOf(amount, account.franchisePercent);
  return limits
    .map(({ key, yearStart }) => ({ lineNo: line.lineNo, key, yearStart, amount: key === 'annual' ? share : units }))
    .filter((holding) => holding.amount > 0);
}

/** More than was held is taken only from what is left. What invoices give back is held again as far as there is room. */
function fit(wanted: Holding[], limit: LockedLimit, account: HeldAccount, kind: string): Holding[] {
  const isOurs = (part: Holding): boolean => part.key === limit.key && part.yearStart === limit.yearStart;
  const sum = (parts: readonly Holding[]): number => parts.filter(isOurs).reduce((all, part) => all + part.amount, 0);
  const held = sum(account.held);
  const room = Math.max(held, limit.cap - limit.billed - limit.reserved + held);
  if (sum(wanted) <= room) return wanted;
  if (kind !== 'use') throw overspent(limit, Math.max(0, room));
  let left = room;
  return wanted
    .map((part) => {
      if (!isOurs(part)) return part;
      const amount = Math.min(part.amount, left);
      left -= amount;
      return { ...part, amount };
    })
    .filter((part) => part.amount > 0);
}

/** A doctor's promise is cut to the cover, an extension beyond it is refused. */
function withinCover(
  letter: LetterRecord,
  account: HeldAccount,
  kind: string,
  limited: (line: LetterRecordLine) => boolean,
): LetterRecord {
  if (kind !== 'decide' && kind !== 'extend' && kind !== 'give-documents') return letter;
  const lines = letter.lines.map((line) => {
    if (!isPromised(line)) return line;
    const year = limited(line) ? contractYear(account.contractStart, line.periodFrom).yearEnd : null;
    const coveredTo = earlier(account.coveredTo, year);
    if (coveredTo !== null && (kind === 'extend' || line.approvedFrom! > coveredTo)) {
      if (line.approvedTo! > coveredTo) throw beyondCover(coveredTo);
    }
    return cutToTerm(line, coverEnd(coveredTo));
  });
  if (kind === 'extend' || letter.validTo === null) return { ...letter, lines };
  const ends = lines.filter(isPromised).map((line) => line.approvedTo ?? line.periodTo);
  const cut = lines.some((line, i) => line !== letter.lines[i]) && letter.state === 'approved';
  return {
    ...letter,
    lines,
    state: cut ? 'partially-approved' : letter.state,
    validTo: ends.length === 0 ? null : ends.reduce((a, b) => (a > b ? a : b)),
  };
}

function overspent({ key }: LockedLimit, left: number): AppError {
  const text = { ru: 'Лимит программы этого не оставляет', en: 'The limit leaves less than this' };
  return new AppError('letter.limit', text, { httpStatus: 409, details: { limit: key, left } });
}

function beyondCover(coveredTo: string): AppError {
  return new AppError(
    'letter.beyond-cover',
    {
      ru: `Покрытие или год лимитов кончается ${coveredTo}`,
      en: `Cover or the year of the limits ends on ${coveredTo}`,
    },
    { httpStatus: 409, details: { coveredTo } },
  );
}
