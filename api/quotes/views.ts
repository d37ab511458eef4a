import { z } from 'zod';
import { page, uuid } from '../http/fields';

const localized = z.object({ ru: z.string(), en: z.string() });
const money = z.int();

const contribution = z
  .object({ code: z.string(), name: localized, kopecks: money, spreadKopecks: money, belowNoise: z.boolean() })
  .meta({ id: 'QuoteContribution' });

const forecast = {
  forecastKopecks: money,
  lowerKopecks: money,
  upperKopecks: money,
  largeLossKopecks: money,
  tariffKopecks: money,
  glmKopecks: money,
  credibilityWeight: z.number(),
  startKopecks: money,
  contributions: z.array(contribution),
};

export const quoteResult = z
  .object({
    modelVersion: z.string(),
    parametersVersion: z.int(),
    renewal: z.boolean(),
    intervalLevel: z.number(),
    total: z.object({ ...forecast, experienceRatedKopecks: money }),
    clinics: z.array(
      z.object({ clinicCode: z.string(), peopleShare: z.number().nullable(), ...forecast, priceKopecks: money }),
    ),
    price: z.object({
      riskKopecks: money,
      largeLossKopecks: money,
      uncertaintyKopecks: money,
      expensesKopecks: money,
      commissionKopecks: money,
      marginKopecks: money,
      minimumKopecks: money,
      discountKopecks: money,
      priceKopecks: money,
      pricePerPersonYearKopecks: money,
    }),
    warnings: z.array(
      z.object({ code: z.string(), factor: z.string(), clinicCode: z.string().nullable(), text: localized }),
    ),
    comparables: z.array(
      z.object({
        contractNo: z.string(),
        year: z.number(),
        distance: z.number(),
        personYears: z.number(),
        paidKopecks: money,
        forecastKopecks: money,
        alike: z.array(z.string()),
        different: z.array(z.object({ factor: z.string(), gap: z.number() })),
      }),
    ),
  })
  .meta({ id: 'QuoteResult' });

const referral = z.object({ code: z.string(), value: z.number(), limit: z.number(), text: localized });
export const quoteState = z.enum(['priced', 'referred', 'approved', 'declined']);

const summaryFields = {
  quoteId: uuid(),
  baseId: uuid().nullable(),
  name: z.string().nullable(),
  contractNo: z.string().nullable(),
  author: z.string(),
  state: quoteState,
  modelVersion: z.string(),
  parametersVersion: z.int(),
  riskKopecks: money,
  priceKopecks: money,
  /** The price that may be offered: null while a referred quote waits, and when it was declined. */
  finalPriceKopecks: money.nullable(),
  referral: z.array(referral),
  createdAt: z.string(),
};
export const quoteSummary = z.object(summaryFields).meta({ id: 'QuoteSummary' });
export const quotePage = page(quoteSummary);

const factorValues = z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()]));
export const quoteInputs = z.object({
  name: z.string().optional(),
  policyholder: z.string().optional(),
  contractNo: z.string().optional(),
  year: z.int(),
  personYears: z.number(),
  discountPercent: z.number(),
  contract: factorValues,
  clinics: z.array(z.object({ clinicCode: z.string(), factors: factorValues })),
});

export const quoteView = z
  .object({
    ...summaryFields,
    authorRole: z.string(),
    resultSha256: z.string(),
    inputs: quoteInputs,
    result: quoteResult,
    decisions: z.array(
      z.object({
        kind: z.enum(['approve', 'decline', 'override']),
        reason: z.string(),
        priceKopecks: money.nullable(),
        decidedBy: z.string(),
        decidedAt: z.string(),
      }),
    ),
  })
  .meta({ id: 'Quote' });

export const quoteDifference = z
  .object({
    forecastKopecks: money,
    priceKopecks: money,
    pricePercent: z.number(),
    clinics: z.array(
      z.object({
        clinicCode: z.string(),
        forecastBefore: money.nullable(),
        forecastAfter: money.nullable(),
        shareBefore: z.number().nullable(),
        shareAfter: z.number().nullable(),
      }),
    ),
    contributions: z.array(z.object({ code: z.string(), kopecks: money })),
  })
  .meta({ id: 'QuoteDifference' });

export const parametersView = z.object({
  version: z.int(),
  data: z.record(z.string(), z.unknown()),
  reason: z.string(),
  createdBy: z.string().nullable(),
  createdAt: z.string(),
});
