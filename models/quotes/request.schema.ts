import { z } from 'zod';
import type { Factor } from '../underwriting/catalogue';
import { nearestName } from './nearest-name';
import type { FactorValue } from './types';

/** Factors of a clinic or of the pair office - clinic; everything else belongs to the contract. */
export function isClinicFactor({ code, group }: Factor): boolean {
  return ['clinic', 'pair'].includes(group.toLowerCase()) || /clinic|enrolled/.test(code);
}

/**
 * One factor's value as the catalogue declares it: kind and range, null for “not known”. A category with a range is a code, without one any short text.
 */
export function factorSchema(factor: Factor): z.ZodType<FactorValue> {
  return kindSchema(factor)
    .nullable()
    .describe(`${factor.nameRu}${factor.unit === '' ? '' : `, ${factor.unit}`}`);
}

function kindSchema({ kind, min, max }: Factor): z.ZodType<FactorValue> {
  if (kind === 'boolean') {
    return z
      .union([z.boolean(), z.literal(0), z.literal(1)])
      .transform((value) => (value === true ? 1 : value === false ? 0 : value));
  }
  if (kind === 'category' && min === null && max === null)
    return z.union([z.string().trim().min(1).max(100), z.number()]);
  // Counts may be means of a year (41.5 people), codes may not.
  let schema = kind === 'category' ? z.int() : z.number();
  if (min !== null) schema = schema.min(min);
  if (max !== null) schema = schema.max(max);
  return schema;
}

/** An object of factors; a name that is not in the catalogue is refused together with the nearest one that is. */
export function factorsSchema(factors: readonly Factor[], known: readonly Factor[] = factors) {
  const own = new Set(factors.map(({ code }) => code));
  const all = known.map(({ code }) => code);
  return z
    .looseObject(Object.fromEntries(factors.map((factor) => [factor.code, factorSchema(factor).optional()])))
    .superRefine(
      (values, ctx) => {
        for (const name of Object.keys(values)) {
          if (own.has(name)) continue;
          ctx.addIssue({ code: 'custom', path: [name], params: unknownFactor(name, all) });
        }
      },
      // Unknown names are told even when another field is wrong: one answer with all faults.
      { when: ({ value }) => typeof value === 'object' && value !== null },
    );
}

/** What is said of an unknown name: rule, text and fix as the API's problem documents carry them. */
export function unknownFactor(name: string, known: readonly string[]) {
  if (known.includes(name)) {
    return {
      rule: 'misplaced-factor',
      message: { ru: `Фактор «${name}» указан не на своём месте`, en: `The factor “${name}” is in the wrong place` },
      fix: {
        ru: 'Факторы договора — в contract, факторы клиники — в clinics[].factors',
        en: 'Factors of the contract go into contract, those of a clinic into clinics[].factors',
      },
    };
  }
  const nearest = nearestName(name, known);
  return {
    rule: 'unknown-factor',
    message: { ru: `Фактора «${name}» нет в каталоге`, en: `The catalogue has no factor “${name}”` },
    fix:
      nearest === null
        ? { ru: 'Уберите его: см. каталог факторов', en: 'Take it out: see the factor catalogue' }
        : { ru: `Возможно, «${nearest}»`, en: `Did you mean “${nearest}”?` },
  };
}

const clinicCode = () => z.string().trim().min(1).max(64);

/** Body of a quote, generated from the factor catalogue. */
export function quoteRequestSchema(factors: readonly Factor[]) {
  const ofClinic = factors.filter((factor) => isClinicFactor(factor));
  const ofContract = factors.filter((factor) => !isClinicFactor(factor));
  return z.object({
    name: z.string().trim().min(1).max(200).optional(),
    policyholder: z.string().trim().min(1).max(300).optional(),
    contractNo: z.string().trim().min(1).max(64).optional(),
    year: z.int().min(2000).max(2100),
    personYears: z.number().gt(0).max(1_000_000),
    discountPercent: z.number().min(0).max(90).default(0),
    contract: factorsSchema(ofContract, factors),
    clinics: clinicsSchema(ofClinic, factors, 200).min(1),
  });
}

/** A list of clinics, each once. */
export function clinicsSchema(ofClinic: readonly Factor[], all: readonly Factor[], most: number) {
  return z
    .array(z.strictObject({ clinicCode: clinicCode(), factors: factorsSchema(ofClinic, all) }))
    .max(most)
    .refine((clinics) => new Set(clinics.map((one) => one.clinicCode)).size === clinics.length, {
      params: {
        rule: 'unique-clinics',
        message: { ru: 'Клиника указана дважды', en: 'A clinic is given twice' },
        fix: { ru: 'Оставьте каждую клинику один раз', en: 'Keep each clinic once' },
      },
    });
}

/** What-if: factors to change, clinics to add, change or take out. */
export function quoteChangeSchema(factors: readonly Factor[]) {
  const ofClinic = factors.filter((factor) => isClinicFactor(factor));
  const ofContract = factors.filter((factor) => !isClinicFactor(factor));
  return z.object({
    name: z.string().trim().min(1).max(200).optional(),
    year: z.int().min(2000).max(2100).optional(),
    personYears: z.number().gt(0).max(1_000_000).optional(),
    discountPercent: z.number().min(0).max(90).optional(),
    contract: factorsSchema(ofContract, factors).optional(),
    addClinics: clinicsSchema(ofClinic, factors, 50).optional(),
    changeClinics: clinicsSchema(ofClinic, factors, 200).optional(),
    removeClinics: z.array(clinicCode()).max(200).optional(),
  });
}
