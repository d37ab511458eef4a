import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { Principal } from '../../models/access/roles';
import { AppError } from '../../models/errors';
import { authorityFacts, overrideDiscountBp, referralReasons } from '../../models/quotes/authority';
import { priceQuote } from '../../models/quotes/price-quote';
import type { VersionedParameters } from '../../models/quotes/price-quote';
import type { QuoteRequest, QuoteResult, ReferralReason } from '../../models/quotes/types';
import type { QuoteDocument } from '../../models/documents/quote-document';
import type { LoadedModels } from '../../prisma/facts/loaded-models';
import type { Queryable } from '../../prisma/pool';
import { pricingParameters } from '../../prisma/repositories/pricing-parameters';
import { decideQuote, findQuote, insertQuote } from '../../prisma/repositories/quotes';
import type { QuoteDecisionRow, QuoteRow, QuoteSummary } from '../../prisma/repositories/quotes';
import { notFound } from '../http/errors';
import type { quoteSummary, quoteView } from './views';

export interface QuoteDraft {
  readonly baseId: string | null;
  /** Complete: the programme's own factors filled in. */
  readonly request: QuoteRequest;
}

/** Prices with the champion and the newest parameters, and stores inputs and result as the very texts of a repeat. */
export async function createQuote(
  db: Queryable,
  models: LoadedModels,
  author: Pick<Principal, 'id' | 'role'>,
  { baseId, request }: QuoteDraft,
): Promise<QuoteRow> {
  const inputs = JSON.stringify(request);
  const parameters = await pricingParameters(db);
  const result = priceQuote(await models.champion(db), JSON.parse(inputs) as QuoteRequest, parameters);
  const referral = referralOf(result, request, author.role, parameters);
  const text = JSON.stringify(result);
  const { id } = await insertQuote(db, {
    baseId,
    name: request.name ?? null,
    contractNo: request.contractNo ?? null,
    author: author.id,
    authorRole: author.role,
    modelVersion: result.modelVersion,
    parametersVersion: result.parametersVersion,
    inputs,
    result: text,
    resultSha256: sha256(text),
    riskKopecks: result.total.forecastKopecks,
    priceKopecks: result.price.priceKopecks,
    referral,
    state: referral.length === 0 ? 'priced' : 'referred',
  });
  return (await findQuote(db, id))!;
}

/** @throws AppError not-found */
export async function quoteOf(db: Queryable, id: string, lock = false): Promise<QuoteRow> {
  const found = await findQuote(db, id, lock);
  if (found === null) throw notFound('quote');
  return found;
}

export interface Repeated {
  readonly identical: boolean;
  readonly storedSha256: string;
  readonly repeatedSha256: string;
}

/** Prices a stored quote again: its inputs, its model version, its parameters version. */
export async function repeatQuote(db: Queryable, models: LoadedModels, quote: QuoteRow): Promise<Repeated> {
  const model = await models.of(db, quote.modelVersion);
  const parameters = await pricingParameters(db, quote.parametersVersion);
  const text = JSON.stringify(priceQuote(model, JSON.parse(quote.inputs) as QuoteRequest, parameters));
  const repeatedSha256 = sha256(text);
  return { identical: text === quote.result, storedSha256: quote.resultSha256, repeatedSha256 };
}

export type Decision = Pick<QuoteDecisionRow, 'kind' | 'reason' | 'priceKopecks'>;

/**
 * A senior's decision on a referred quote. Never on one's own quote; approved is what lies within a senior's own limits,
 * or what one senior asked and another one approves.
 *
 * @throws AppError quote-not-referred, four-eyes, above-authority
 */
export async function decide(db: Queryable, by: Principal, quoteId: string, decision: Decision): Promise<QuoteRow> {
  const quote = await quoteOf(db, quoteId, true);
  if (quote.state !== 'referred') throw notReferred(quote);
  if (quote.author === by.id) throw ownQuote();
  const result = JSON.parse(quote.result) as QuoteResult;
  const request = JSON.parse(quote.inputs) as QuoteRequest;
  const parameters = await pricingParameters(db, quote.parametersVersion);
  const twoSeniors = quote.authorRole === by.role;
  if (decision.kind !== 'decline') {
    const facts = authorityFacts(result, request);
    const final = decision.kind === 'override' ? decision.priceKopecks! : result.price.priceKopecks;
    const discountBp = decision.kind === 'override' ? overrideDiscountBp(result, final) : facts.discountBp;
    const above = referralReasons({ ...facts, priceKopecks: final, discountBp }, by.role, parameters.data);
    if (above.length > 0 && !twoSeniors) throw aboveAuthority(above);
  }
  await decideQuote(db, quote, { ...decision, decidedBy: by.id });
  return quoteOf(db, quoteId);
}

export function summaryView(row: QuoteSummary): z.input<typeof quoteSummary> {
  const { id, revision: _revision, finalPriceKopecks, ...rest } = row;
  const offered = row.state === 'priced' ? row.priceKopecks : finalPriceKopecks;
  return { ...pickSummary(rest), quoteId: id, finalPriceKopecks: offered, referral: [...row.referral] };
}

export function fullView(row: QuoteRow): z.input<typeof quoteView> {
  return {
    ...summaryView(row),
    authorRole: row.authorRole,
    resultSha256: row.resultSha256,
    inputs: JSON.parse(row.inputs) as z.input<typeof quoteView>['inputs'],
    result: JSON.parse(row.result) as z.input<typeof quoteView>['result'],
    decisions: [...row.decisions],
  };
}

export function documentOf(row: QuoteRow): QuoteDocument {
  return {
    ...row,
    request: JSON.parse(row.inputs) as QuoteRequest,
    result: JSON.parse(row.result) as QuoteResult,
  };
}

export function referralOf(
  result: QuoteResult,
  request: QuoteRequest,
  role: string,
  { data }: VersionedParameters,
): ReferralReason[] {
  return referralReasons(authorityFacts(result, request), role, data);
}

function pickSummary(row: Omit<QuoteSummary, 'id' | 'revision' | 'finalPriceKopecks'>) {
  const {
    baseId,
    name,
    contractNo,
    author,
    state,
    modelVersion,
    parametersVersion,
    riskKopecks,
    priceKopecks,
    createdAt,
  } = row;
  return {
    baseId,
    name,
    contractNo,
    author,
    state,
    modelVersion,
    parametersVersion,
    riskKopecks,
    priceKopecks,
    createdAt,
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function notReferred({ state }: QuoteRow): AppError {
  return new AppError(
    'quote-not-referred',
    { ru: 'Расчёт не ждёт решения старшего андеррайтера', en: 'The quote does not wait for a senior underwriter' },
    { httpStatus: 409, details: { state } },
  );
}

function ownQuote(): AppError {
  return new AppError(
    'four-eyes',
    {
      ru: 'Свой расчёт согласует другой старший андеррайтер',
      en: 'Your own quote has to be decided by another senior underwriter',
    },
    { httpStatus: 403 },
  );
}

function aboveAuthority(reasons: readonly ReferralReason[]): AppError {
  return new AppError(
    'above-authority',
    {
      ru: `Выше полномочий: ${reasons.map(({ text }) => text.ru).join('; ')}. Нужны два старших андеррайтера: один рассчитывает, другой согласует`,
      en: `Above the authority: ${reasons.map(({ text }) => text.en).join('; ')}. Two seniors are needed: one asks, the other approves`,
    },
    { httpStatus: 403, details: { reasons } },
  );
}
