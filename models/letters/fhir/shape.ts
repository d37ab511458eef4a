import type { Bundle, Claim, Coverage, CoverageEligibilityRequest, Organization, Patient } from '@medplum/fhirtypes';
import { z } from 'zod';
import { AppError } from '../../errors';

/**
 * The parts of FHIR resources that the door reads, so that whatever is sent is either read or told by its FHIRPath: a
 * list that is an object, a code that is a number. Everything else in a resource is let through unread.
 */
const identifier = z.looseObject({ system: z.string().optional(), value: z.string().optional() });
const identifiers = z.array(identifier).optional();
const concept = z
  .looseObject({
    coding: z.array(z.looseObject({ system: z.string().optional(), code: z.string().optional() })).optional(),
  })
  .optional();
const reference = z.looseObject({ reference: z.string().optional(), identifier: identifier.optional() }).optional();
const quantity = z.looseObject({ value: z.number().optional() }).optional();
const period = z.looseObject({ start: z.string().optional(), end: z.string().optional() }).optional();
const sequences = z.array(z.number()).optional();
const attachment = z
  .looseObject({ contentType: z.string().optional(), data: z.string().optional(), title: z.string().optional() })
  .optional();

const bundle = z.looseObject({
  entry: z
    .array(
      z.looseObject({
        fullUrl: z.string().optional(),
        resource: z.looseObject({ resourceType: z.string(), id: z.string().optional() }).optional(),
      }),
    )
    .optional(),
});
const claim = z.looseObject({
  identifier: identifiers,
  type: concept,
  use: z.string().optional(),
  patient: reference,
  provider: reference,
  priority: concept,
  insurance: z.array(z.looseObject({ coverage: reference, preAuthRef: z.array(z.string()).optional() })).optional(),
  diagnosis: z.array(z.looseObject({ sequence: z.number().optional(), diagnosisCodeableConcept: concept })).optional(),
  supportingInfo: z.array(z.looseObject({ code: concept, valueAttachment: attachment })).optional(),
  item: z
    .array(
      z.looseObject({
        diagnosisSequence: sequences,
        productOrService: concept,
        bodySite: concept,
        quantity,
        servicedDate: z.string().optional(),
        servicedPeriod: period,
      }),
    )
    .optional(),
});
const eligibility = z.looseObject({
  patient: reference,
  provider: reference,
  servicedDate: z.string().optional(),
  servicedPeriod: period,
  item: z
    .array(
      z.looseObject({
        productOrService: concept,
        quantity,
        diagnosis: z.array(z.looseObject({ diagnosisCodeableConcept: concept })).optional(),
      }),
    )
    .optional(),
});

interface Shapes {
  Bundle: Bundle;
  Claim: Claim;
  Coverage: Coverage;
  Organization: Organization;
  Patient: Patient;
  CoverageEligibilityRequest: CoverageEligibilityRequest;
}

const SHAPES: Readonly<Record<keyof Shapes, z.ZodType>> = {
  Bundle: bundle,
  Claim: claim,
  Coverage: z.looseObject({ subscriberId: z.string().optional(), identifier: identifiers }),
  Organization: z.looseObject({ identifier: identifiers }),
  Patient: z.looseObject({ identifier: identifiers }),
  CoverageEligibilityRequest: eligibility,
};

/**
 * The resource as it came, once its shape is one that can be read.
 * @throws AppError `fhir.unreadable` (422) with the FHIRPath of the first part that cannot
 */
export function readShape<T extends keyof Shapes>(type: T, value: unknown): Shapes[T] {
  const parsed = SHAPES[type].safeParse(value);
  if (parsed.success) return value as Shapes[T];
  const { path, message } = parsed.error.issues[0]!;
  throw unreadable(
    path.reduce<string>((text, key) => text + stepOf(key), type),
    message,
  );
}

/** What is missing or of the wrong kind, by its FHIRPath. */
export function unreadable(path: string, expected: string): AppError {
  return new AppError(
    'fhir.unreadable',
    { ru: `${path}: ожидается ${expected}`, en: `${path}: ${expected} is expected` },
    { httpStatus: 422, details: { path, expected } },
  );
}

const stepOf = (key: PropertyKey): string => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`);
