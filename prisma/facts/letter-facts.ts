import { dayNumber, plainDate } from '../../models/calendar';
import { normaliseCode } from '../../models/exchange/codes';
import { AppError } from '../../models/errors';
import { contractYear } from '../../models/letters/contract-year';
import { coverEnd, earlier, earliestEnd, validityDaysFor, validityEnd } from '../../models/letters/term';
import type { LetterRequestInput } from '../../models/letters/request.schema';
import type { LetterFinding, LetterPolicy, LineFacts, TermEnd } from '../../models/letters/types';
import type { Queryable } from '../pool';
import { readCover } from '../repositories/letter-cover';
import type { CoverRow, EnrolmentRow, ServiceRow } from '../repositories/letter-cover';
import { lockLimits, readLimits } from '../repositories/letter-limits';
import type { LimitAccount, LockedLimit, YearLimit } from '../repositories/letter-limits';

/** Days between today and the start of a requested period. */
const FAR_DAYS = 366;

/** A requested line with its codes normalised and its ids found; input of the review engine. */
export interface LineToReview {
  readonly lineNo: number;
  readonly serviceCode: string;
  readonly serviceId: number | null;
  readonly clinicItemId: number | null;
  readonly diagnosisCode: string;
  readonly date: string;
  readonly quantity: number;
  readonly unitPrice: number | null;
  readonly tooth: string | null;
}

/** The review engine's view of lines that are only asked for, beside the person's real history. */
export type ReviewRequested = (
  db: Queryable,
  input: { policyId: number | null; policyNo: string; clinicId: number; clinicCode: string; lines: LineToReview[] },
) => Promise<LetterFinding[][]>;

export interface GatheredLetter {
  readonly cover: CoverRow;
  readonly clinicId: number;
  readonly hubId: number;
  readonly enrolment: EnrolmentRow | null;
  readonly account: LimitAccount | null;
  readonly policy: LetterPolicy;
  readonly lines: readonly LineToReview[];
  readonly facts: readonly (LineFacts & { readonly letterRequired: boolean })[];
  readonly findings: readonly LetterFinding[][];
}

/**
 * Everything that a first answer or a coverage check reads, in a few round trips. With `lock` the
 * person's counters are locked; the caller has locked the person, so what is left cannot be promised twice.
 * @throws AppError `letter.clinic-unknown` | `letter.policy-missing` | `letter.period-far` | `letter.two-programmes`
 */
export async function gatherLetter(
  db: Queryable,
  request: LetterRequestInput,
  options: { requestId: string; at: string; lock: boolean; review: ReviewRequested },
): Promise<GatheredLetter> {
  const asked = request.lines.map((line) => ({
    ...line,
    serviceCode: normaliseCode(line.serviceCode),
    diagnosisCode: normaliseCode(line.diagnosisCode),
  }));
  const cover = await readCover(db, {
    policyNo: request.policyNo,
    clinicCode: request.clinicCode,
    serviceCodes: asked.map((line) => line.serviceCode),
    requestId: options.requestId,
  });
  if (cover.clinicId === null || cover.hubId === null) throw clinicUnknown(request.clinicCode);
  assertNear(asked, plainDate(options.at));
  const enrolment = oneEnrolment(asked.map((line) => enrolmentOn(cover, line.periodFrom)));
  const lines = asked.map((line, index) => toReview(line, index + 1, cover));
  const account =
    enrolment === null || cover.policyId === null
      ? null
      : { policyId: cover.policyId, contractId: enrolment.contractId };
  const caps = enrolment === null ? [] : capsFor(enrolment, lines);
  const limits = account === null ? [] : await (options.lock ? lockLimits : readLimits)(db, account, caps);
  const findings = await options.review(db, {
    policyId: cover.policyId,
    policyNo: request.policyNo,
    clinicId: cover.clinicId,
    clinicCode: request.clinicCode,
    lines,
  });
  const policy = policyOn(cover, enrolment, plainDate(options.at));
  const madeOn = plainDate(options.at);
  const facts = lines.map((line, i) =>
    factsOf({ line, cover, enrolment, limits, policy, request, madeOn, findings: findings[i]! }),
  );
  return { cover, clinicId: cover.clinicId, hubId: cover.hubId, enrolment, account, policy, lines, facts, findings };
}

/** Where several enrolments cover the date, the one with the latest start governs (rows come in that order). */
function enrolmentOn(cover: CoverRow, date: string): EnrolmentRow | null {
  return cover.enrolments.find((row) => row.from <= date && date <= row.to) ?? null;
}

/** A letter stands on one programme: its limits, franchise and cover. */
function oneEnrolment(found: readonly (EnrolmentRow | null)[]): EnrolmentRow | null {
  const some = found.filter((row) => row !== null);
  if (new Set(some.map((row) => row.programmeId)).size <= 1) return some[0] ?? null;
  throw unfit('letter.two-programmes', 'lines', {
    ru: 'Периоды строк относятся к разным программам: запросите их отдельно',
    en: 'The lines fall under different programmes: ask for them separately',
  });
}

/** A promise is asked for what is near: a year back (it was done in an emergency) or ahead. */
function assertNear(lines: readonly { readonly periodFrom: string }[], today: string): void {
  const far = lines.findIndex(({ periodFrom }) => Math.abs(dayNumber(periodFrom) - dayNumber(today)) > FAR_DAYS);
  if (far < 0) return;
  throw unfit('letter.period-far', `lines.${far}.periodFrom`, {
    ru: 'Начало периода дальше года от сегодняшнего дня',
    en: 'The period starts more than a year from today',
  });
}

/** The limits that the lines count towards, in the contract year in which each line's period starts. */
export function capsFor(
  programme: Pick<EnrolmentRow, 'contractStart' | 'annualLimitKopecks' | 'serviceLimits'>,
  lines: readonly { readonly serviceCode: string; readonly date: string }[],
): YearLimit[] {
  const caps = new Map<string, YearLimit>();
  for (const line of lines) {
    const year = contractYear(programme.contractStart, line.date);
    const add = (key: string, cap: number): void => void caps.set(`${year.yearStart} ${key}`, { ...year, key, cap });
    if (programme.annualLimitKopecks !== null) add('annual', programme.annualLimitKopecks);
    for (const limit of programme.serviceLimits) {
      if (line.serviceCode.startsWith(limit.service)) add(limit.service, limit.max_quantity);
    }
  }
  return [...caps.values()];
}

function toReview(line: LetterRequestInput['lines'][number], lineNo: number, cover: CoverRow): LineToReview {
  const service = cover.services.find((row) => row.code === line.serviceCode);
  const price = service === undefined ? undefined : priceOn(service, line.periodFrom);
  return {
    lineNo,
    serviceCode: line.serviceCode,
    serviceId: service?.serviceId ?? null,
    clinicItemId: price?.clinicItemId ?? null,
    diagnosisCode: line.diagnosisCode,
    date: line.periodFrom,
    quantity: line.quantity,
    unitPrice: price?.kopecks ?? null,
    tooth: line.tooth ?? null,
  };
}

/** The cheapest of the clinic's items for the service in force on the date: what a promise is priced at. */
function priceOn(service: ServiceRow, date: string): ServiceRow['prices'][number] | undefined {
  return service.prices.find((price) => price.from <= date && (price.to === null || date <= price.to));
}

function factsOf(input: {
  line: LineToReview;
  cover: CoverRow;
  enrolment: EnrolmentRow | null;
  limits: readonly LockedLimit[];
  policy: LetterPolicy;
  request: LetterRequestInput;
  madeOn: string;
  findings: readonly LetterFinding[];
}): LineFacts & { letterRequired: boolean } {
  const { line, cover, enrolment, limits, policy, request, madeOn, findings } = input;
  const validityDays = validityDaysFor(policy, line.serviceCode);
  const asked = request.lines[line.lineNo - 1]!;
  const own = limits.filter(
    (limit) =>
      limit.yearStart <= line.date &&
      line.date <= limit.yearEnd &&
      (limit.key === 'annual' || line.serviceCode.startsWith(limit.key)),
  );
  const needed = policy.documentRules
    .filter((rule) => line.serviceCode.startsWith(rule.service))
    .flatMap((rule) => rule.kinds);
  return {
    lineNo: line.lineNo,
    quantity: line.quantity,
    unitPrice: line.unitPrice,
    franchisePercent: enrolment?.franchisePercent ?? 0,
    findings,
    termEnd:
      enrolment === null
        ? null
        : termEnd(enrolment, line, own.length > 0, validityEnd(line.date, madeOn, validityDays)),
    validityDays,
    limits: own.map((limit) => ({
      key: limit.key,
      yearStart: limit.yearStart,
      unit: limit.key === 'annual' ? 'kopecks' : 'units',
      cap: limit.cap,
      left: limit.cap - limit.billed - limit.reserved,
    })),
    duplicateLetters: cover.openLetters
      .filter(
        (open) => open.serviceCode === line.serviceCode && open.from <= asked.periodTo && asked.periodFrom <= open.to,
      )
      .map((open) => open.letterNo),
    missingDocuments: [...new Set(needed)].filter((kind) => !request.documents.includes(kind)),
    trusted: cover.trusted.some((lane) => line.serviceCode.startsWith(lane.servicePrefix)),
    letterRequired: enrolment?.letterRequired.some((prefix) => line.serviceCode.startsWith(prefix)) ?? false,
  };
}

/** The last day that a promise for this line can stand on: of the cover, the year of its limits, the letter's own term. */
function termEnd(enrolment: EnrolmentRow, line: LineToReview, limited: boolean, own: TermEnd | null): TermEnd | null {
  const yearEnd = limited ? contractYear(enrolment.contractStart, line.date).yearEnd : null;
  return earliestEnd(coverEnd(earlier(enrolment.to, yearEnd)), own);
}

/** The contract's own policy in force, else the insurer's default. */
function policyOn(cover: CoverRow, enrolment: EnrolmentRow | null, date: string): LetterPolicy {
  const inForce = cover.policies.filter((row) => row.effectiveFrom <= date);
  const policy =
    inForce.find((row) => row.contractId !== null && row.contractId === enrolment?.contractId) ??
    inForce.find((row) => row.contractId === null);
  if (policy !== undefined) return policy;
  throw new AppError(
    'letter.policy-missing',
    { ru: 'Не заданы сроки и пределы гарантийных писем', en: 'No letter policy is in force' },
    { httpStatus: 500 },
  );
}

function unfit(code: string, field: string, text: { ru: string; en: string }): AppError {
  return new AppError(code, text, { httpStatus: 422, details: { field } });
}

function clinicUnknown(code: string): AppError {
  return new AppError(
    'letter.clinic-unknown',
    { ru: `Клиника «${code}» не найдена`, en: `Clinic "${code}" is not known` },
    { httpStatus: 422, details: { field: 'clinicCode' } },
  );
}
