import { z } from 'zod';
import { plainDate } from '../../models/calendar';
import { scopeOf } from '../../models/access/policy';
import { claimResponseBundle } from '../../models/letters/fhir/claim-response';
import type { AnsweredRequest } from '../../models/letters/fhir/claim-response';
import { eligibilityResponse, parseEligibility } from '../../models/letters/fhir/eligibility';
import { parseClaimBundle, parseInquiry } from '../../models/letters/fhir/parse-claim';
import { letterRequestSchema } from '../../models/letters/request.schema';
import type { ParsedClaim } from '../../models/letters/fhir/parse-claim';
import type { LetterRequestInput } from '../../models/letters/request.schema';
import { findRequestByNumber, readLetterDetail } from '../../prisma/repositories/letter-views';
import type { LetterDetail } from '../../prisma/repositories/letter-views';
import type { ApiDeps } from '../deps';
import type { RouteContext } from '../http/context';
import { notFound, unfit } from '../http/errors';
import { uuid } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { assertFileSize, assertMediaType, keepAttachment } from '../letters/attachment';
import type { NewFile } from '../letters/attachment';
import { requestIdOf } from '../letters/call';
import { checkCoverage } from '../letters/coverage';
import { requestLetter } from '../letters/request';

const FHIR_JSON = 'application/fhir+json';
/** A few scans in base64. */
const MAX_BUNDLE_BYTES = 32 * 1024 * 1024;
const TYPES = [FHIR_JSON, 'application/json'];
/** Structure is read and judged by the parsers, which name the FHIRPath; the edge only asks for the resource. */
const resource = <T extends string>(resourceType: T) => z.looseObject({ resourceType: z.literal(resourceType) });
const answer = z.looseObject({ resourceType: z.string() });
/** What our Bundles hold: ClaimResponses, each under the id of its letter. */
const claimResponses = z.object({ entry: z.array(z.object({ resource: z.object({ id: uuid() }) })) });

/** FHIR R4 door of prior authorisation in the shape of Da Vinci PAS and CRD: Bundle in, Bundle or response out. */
export function fhirRoutes(deps: ApiDeps): RouteDefinition[] {
  const now = (): string => (deps.now?.() ?? new Date()).toISOString();
  return [
    defineRoute({
      method: 'post',
      path: '/fhir/R4/Claim/$submit',
      summary: { ru: 'FHIR: запрос согласования', en: 'FHIR: ask for prior authorisation' },
      description:
        'Documents may come along as `supportingInfo.valueAttachment` (PDF, JPEG or PNG, base64). The same `Claim.identifier`, or the same `Idempotency-Key`, is the same request.',
      permission: 'letter:request',
      body: resource('Bundle'),
      bodyTypes: TYPES,
      maxBytes: MAX_BUNDLE_BYTES,
      response: json(answer, 200, FHIR_JSON),
      transaction: 'own',
      audit: { kind: 'change', subject: (_input, output) => lettersIn(output) },
      handler: async (ctx, { body }) => {
        const { attachments, ...asked } = parseClaimBundle(body);
        const request = checked(asked);
        const files = attachments.map(fileOf);
        const view = await requestLetter(deps, ctx.principal, request, ctx.idempotencyKey ?? ctx.requestId);
        const { requestId } = view.letter;
        for (const file of files) await keepAttachment(deps.pool, requestId, file, ctx.principal.id);
        return bundleOf(deps, ctx, requestId);
      },
    }),
    defineRoute({
      method: 'post',
      path: '/fhir/R4/Claim/$inquire',
      summary: { ru: 'FHIR: состояние согласования', en: 'FHIR: where a request stands' },
      permission: 'letter:read',
      body: resource('Bundle'),
      bodyTypes: TYPES,
      response: json(answer, 200, FHIR_JSON),
      transaction: 'own',
      idempotent: false,
      audit: { kind: 'read', subject: (_input, output) => lettersIn(output) },
      handler: async (ctx, { body }) => {
        const { requestId, number, senderRef } = parseInquiry(body);
        if (requestId !== null && z.uuid().safeParse(requestId).success) return bundleOf(deps, ctx, requestId);
        const byNumber = number === null ? null : await findRequestByNumber(deps.pool, number);
        if (byNumber !== null) return bundleOf(deps, ctx, byNumber);
        if (senderRef === null) throw notFound('letter');
        return bundleOf(deps, ctx, requestIdOf(ctx.principal.id, senderRef));
      },
    }),
    defineRoute({
      method: 'post',
      path: '/fhir/R4/CoverageEligibilityRequest/$submit',
      summary: { ru: 'FHIR: проверка покрытия', en: 'FHIR: coverage check' },
      permission: 'coverage:check',
      body: resource('CoverageEligibilityRequest'),
      bodyTypes: TYPES,
      response: json(answer, 200, FHIR_JSON),
      transaction: 'own',
      idempotent: false,
      audit: false,
      handler: async (ctx, { body }) => {
        const at = now();
        const parsed = parseEligibility(body, plainDate(at));
        const requestId = requestIdOf(ctx.principal.id, ctx.requestId);
        const answers = await checkCoverage(deps, ctx, checked(parsed), { requestId, at });
        return { ...eligibilityResponse({ id: requestId, created: at, parsed, answers }) };
      },
    }),
  ];
}

function lettersIn(bundle: unknown): { type: string; ids: string[] } {
  return { type: 'letter', ids: claimResponses.parse(bundle).entry.map((each) => each.resource.id) };
}

/** Judged before anything is taken: a request whose document is no document is refused as a whole. */
function fileOf({ base64, ...rest }: ParsedClaim['attachments'][number]): NewFile {
  const content = Buffer.from(base64, 'base64');
  assertFileSize(content.length);
  assertMediaType(rest.mediaType, content);
  return { ...rest, content };
}

function checked(parsed: unknown): LetterRequestInput {
  const result = letterRequestSchema.safeParse(parsed);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const path = issue.path.join('.');
  throw unfit(path, issue.code, `${path}: значение не подходит`, `${path}: ${issue.message}`);
}

async function bundleOf(deps: ApiDeps, ctx: RouteContext, requestId: string) {
  const letter = await readLetterDetail(deps.pool, requestId, scopeOf(ctx.principal, 'letter:read'));
  if (letter === null) throw notFound('letter');
  return { ...claimResponseBundle(answeredOf(letter)) };
}

function answeredOf(letter: LetterDetail): AnsweredRequest {
  return {
    requestId: letter.id,
    senderRef: letter.senderRef,
    number: letter.number,
    policyNo: letter.policyNo,
    clinicCode: letter.clinicCode,
    state: letter.state,
    submittedAt: letter.submittedAt,
    validFrom: letter.validTo === null ? null : firstDayOf(letter),
    validTo: letter.validTo,
    lines: letter.lines.map((line) => ({
      ...line,
      reasons: line.outcome === 'approved' ? [] : reasonsOf(letter, line.lineNo),
    })),
  };
}

/** The first day of what is promised; of what was asked for, when nothing is. */
function firstDayOf({ lines }: LetterDetail): string {
  const promised = lines.flatMap((line) => line.approvedFrom ?? []);
  return (promised.length > 0 ? promised : lines.map((line) => line.periodFrom)).sort()[0]!;
}

/** Why a line is not simply approved, in Russian: the first answer's reasons and the clause that a doctor named. */
function reasonsOf(letter: LetterDetail, lineNo: number): string[] {
  const first = letter.thread.find((event) => event.kind === 'first-answer')?.body as
    | { lines: { lineNo: number; reasons: { ru: string }[] }[] }
    | undefined;
  const clause = letter.lines.find((line) => line.lineNo === lineNo)?.clause ?? null;
  const said = first?.lines.find((line) => line.lineNo === lineNo)?.reasons.map((reason) => reason.ru) ?? [];
  return clause === null ? said : [...said, clause];
}
