import { plainDate } from '../../models/calendar';
import { normaliseCode } from '../../models/exchange/codes';
import { AppError } from '../../models/errors';
import type { LetterRequestInput } from '../../models/letters/request.schema';
import type { LetterFinding, LetterPolicy, LineFacts } from '../../models/letters/types';
import type { Queryable } from '../pool';
import { readCover } from '../repositories/letter-cover';
import type { CoverRow, EnrolmentRow, ServiceRow } from '../repositories/letter-cover';
import { lockLimits, readLimits } from '../repositories/letter-limits';
import type { LimitAccount, LockedLimit } from '../repositories/letter-limits';

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
 * Everything that a first answer or a coverage check reads, in three round trips. With `lock` the person's counters stay
 * locked until the transaction ends, so what is left cannot be promised twice.
 * @throws AppError `letter.clinic-unknown` | `letter.policy-missing`
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
  const first = asked.map((line) => line.periodFrom).reduce((a, b) => (a < b ? a : b));
  const enrolment = enrolmentOn(cover, first);
  const lines = asked.map((line, index) => toReview(line, index + 1, cover));
  const account = enrolment === null || cover.policyId === null ? null : accountOf(cover.policyId, enrolment, first);
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
  const facts = lines.map((line, i) =>
    factsOf({ line, cover, enrolment, limits, policy, request, findings: findings[i]! }),
  );
  return { cover, clinicId: cover.clinicId, hubId: cover.hubId, enrolment, account, policy, lines, facts, findings };
}

/** Where several enrolments cover the date, the one with the latest start governs (rows come in that order). */
function enrolmentOn(cover: CoverRow, date: string): EnrolmentRow | null {
  return cover.enrolments.find((row) => row.from <= date && date <= row.to) ?? null;
}

/** A contract year runs from the start date or its anniversary. */
function accountOf(policyId: number, enrolment: EnrolmentRow, date: string): LimitAccount {
  const { contractId, contractStart } = enrolment;
  let year = Number(date.slice(0, 4));
  if (anniversary(contractStart, year) > date) year -= 1;
  const yearEnd = new Date(Date.parse(`${anniversary(contractStart, year + 1)}T00:00:00Z`) - 86_400_000);
  return {
    policyId,
    contractId,
    yearStart: anniversary(contractStart, year),
    yearEnd: yearEnd.toISOString().slice(0, 10),
  };
}

/** 29 February has its anniversary on 1 March of common years. */
function anniversary(start: string, year: number): string {
  const day = `${year}${start.slice(4)}`;
  return day.endsWith('-02-29') && new Date(Date.UTC(year, 1, 29)).getUTCMonth() !== 1 ? `${year}-03-01` : day;
}

function capsFor(enrolment: EnrolmentRow, lines: readonly LineToReview[]): { key: string; cap: number }[] {
  const annual = enrolment.annualLimitKopecks === null ? [] : [{ key: 'annual', cap: enrolment.annualLimitKopecks }];
  const units = enrolment.serviceLimits
    .filter((limit) => lines.some((line) => line.serviceCode.startsWith(limit.service)))
    .map((limit) => ({ key: limit.service, cap: limit.max_quantity }));
  return [...annual, ...units];
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
  findings: readonly LetterFinding[];
}): LineFacts & { letterRequired: boolean } {
  const { line, cover, enrolment, limits, policy, request, findings } = input;
  const asked = request.lines[line.lineNo - 1]!;
  const needed = policy.documentRules
    .filter((rule) => line.serviceCode.startsWith(rule.service))
    .flatMap((rule) => rule.kinds);
  return {
    lineNo: line.lineNo,
    quantity: line.quantity,
    unitPrice: line.unitPrice,
    franchisePercent: enrolment?.franchisePercent ?? 0,
    findings,
    limits: limits
      .filter((limit) => limit.key === 'annual' || line.serviceCode.startsWith(limit.key))
      .map((limit) => ({
        key: limit.key,
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

function clinicUnknown(code: string): AppError {
  return new AppError(
    'letter.clinic-unknown',
    { ru: `Клиника «${code}» не найдена`, en: `Clinic "${code}" is not known` },
    { httpStatus: 422, details: { field: 'clinicCode' } },
  );
}
