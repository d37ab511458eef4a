import { z } from 'zod';
import {
  addAbsence,
  addConflict,
  addLetterPolicy,
  listAbsences,
  listConflicts,
  listLetterPolicies,
  removeAbsence,
  removeConflict,
} from '../../prisma/repositories/letter-settings';
import { readLetterLanes } from '../../prisma/repositories/letter-lanes';
import type { ApiDeps } from '../deps';
import { conflict, notFound, unfit } from '../http/errors';
import { code, id32, isoDate, kopecks, text, uuid } from '../http/fields';
import { defineRoute, json, noContent } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { todayOf } from '../letters/today';

const hours = () => z.int().min(1).max(2000);
const policyBody = z.strictObject({
  /** Null = the insurer's default. */
  contractId: id32().nullable(),
  effectiveFrom: isoDate(),
  emergencyHours: hours().default(1),
  standardHours: hours().default(24),
  plannedInpatientHours: hours().default(72),
  autoApproveKopecks: kopecks(),
  fourEyesKopecks: kopecks(),
  escalateBeforePercent: z.int().min(1).max(90).default(25),
  /** Days that a promise stands, and per service: the longest matching prefix goes before. */
  validityDays: z.int().min(1).max(366).default(30),
  validityRules: z
    .array(z.strictObject({ service: code(40), days: z.int().min(1).max(366) }))
    .max(200)
    .default([]),
  documentRules: z
    .array(z.strictObject({ service: code(40), kinds: z.array(code(60)).min(1).max(10) }))
    .max(200)
    .default([]),
});
const policyView = policyBody.extend({ id: z.int() }).meta({ id: 'LetterPolicy' });
const absenceBody = z.strictObject({
  doctorId: uuid(),
  standInId: uuid().nullable().default(null),
  fromDate: isoDate(),
  toDate: isoDate(),
});
const absenceView = absenceBody.extend({ id: uuid() }).meta({ id: 'ExpertAbsence' });
const conflictKey = z.strictObject({
  doctorId: uuid(),
  clinicId: z.int().min(0).max(2_147_483_647).default(0),
  policyId: z.int().min(0).max(2_147_483_647).default(0),
});
const conflictView = conflictKey.extend({ reason: text(500) }).meta({ id: 'ConflictOfInterest' });
const laneView = z
  .object({
    clinicId: z.int(),
    clinicCode: z.string(),
    serviceCode: z.string(),
    state: z.enum(['on', 'off']),
    since: z.string(),
    quarantineUntil: z.string().nullable(),
    sampleShare: z.number(),
    facts: z.object({
      checked: z.int(),
      wrong: z.int(),
      linesDecided: z.int(),
      linesRefusedOrReduced: z.int(),
      openFraudCase: z.boolean(),
      ratingHigh: z.number().nullable(),
    }),
  })
  .meta({ id: 'LetterLane' });
const items = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item) });

/** What the insurer sets: clocks and ceilings per contract with versions, stand-ins, conflicts; and the lanes' record. */
export function letterSettingsRoutes(deps: ApiDeps): RouteDefinition[] {
  const permission = 'letter:settings';
  return [
    defineRoute({
      method: 'get',
      path: '/v1/letter-policies',
      summary: { ru: 'Сроки и пределы писем', en: 'Clocks and ceilings of letters' },
      permission,
      response: json(items(policyView)),
      handler: async (ctx) => ({ items: (await listLetterPolicies(ctx.db)).map((row) => policyView.parse(row)) }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/letter-policies',
      summary: { ru: 'Новая версия сроков и пределов', en: 'A new version of clocks and ceilings' },
      description: 'Versions are never edited: the one with the latest day that has come is in force.',
      permission,
      body: policyBody,
      response: json(policyView, 201),
      audit: { kind: 'change', subject: (_input, output) => ({ type: 'letter-policy', ids: [String(output.id)] }) },
      handler: async (ctx, { body }) => {
        const row = await addLetterPolicy(ctx.db, body);
        if (row !== null) return policyView.parse(row);
        throw conflict(
          'letter-policy.exists',
          'На этот день версия уже есть, или нет такого договора',
          'This day has a version already, or there is no such contract',
        );
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/expert-absences',
      summary: { ru: 'Отсутствия врачей', en: 'Absences of doctors' },
      permission,
      response: json(items(absenceView)),
      handler: async (ctx) => ({ items: await listAbsences(ctx.db, todayOf(deps)) }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/expert-absences',
      summary: { ru: 'Записать отсутствие и заместителя', en: 'Note an absence and who stands in' },
      permission,
      body: absenceBody,
      response: json(absenceView, 201),
      audit: { kind: 'change', subject: (_input, output) => ({ type: 'expert-absence', ids: [output.id] }) },
      handler: async (ctx, { body }) => {
        if (body.toDate < body.fromDate || body.standInId === body.doctorId)
          throw unfit('body', 'absence', 'Проверьте даты и заместителя', 'Check the days and the stand-in');
        return addAbsence(ctx.db, body, todayOf(deps));
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/expert-absences/:absenceId',
      summary: { ru: 'Снять отсутствие', en: 'Remove an absence' },
      permission,
      params: z.object({ absenceId: uuid() }),
      response: noContent(),
      handler: async (ctx, { params }) => {
        if (!(await removeAbsence(ctx.db, params.absenceId))) throw notFound('expert-absence');
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/conflicts-of-interest',
      summary: { ru: 'Конфликты интересов', en: 'Conflicts of interest' },
      permission,
      response: json(items(conflictView)),
      handler: async (ctx) => ({ items: await listConflicts(ctx.db) }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/conflicts-of-interest',
      summary: { ru: 'Записать конфликт интересов', en: 'Note a conflict of interest' },
      permission,
      body: conflictView,
      response: json(conflictView, 201),
      audit: { kind: 'change', subject: ({ body }) => ({ type: 'conflict-of-interest', ids: [body.doctorId] }) },
      handler: async (ctx, { body }) => {
        if (body.clinicId === 0 && body.policyId === 0)
          throw unfit('body.clinicId', 'required', 'Назовите клинику или полис', 'Name the clinic or the policy');
        await addConflict(ctx.db, body);
        return body;
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/conflicts-of-interest/removals',
      summary: { ru: 'Снять конфликт интересов', en: 'Remove a conflict of interest' },
      permission,
      body: conflictKey,
      response: noContent(),
      audit: { kind: 'change', subject: ({ body }) => ({ type: 'conflict-of-interest', ids: [body.doctorId] }) },
      handler: async (ctx, { body }) => {
        if (!(await removeConflict(ctx.db, body))) throw notFound('conflict-of-interest');
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/letter-lanes',
      summary: { ru: 'Доверенные услуги клиник', en: 'Trusted services of clinics' },
      description: 'The measured record of every clinic and service, and whether it is approved at once.',
      permission,
      response: json(items(laneView)),
      handler: async (ctx) => ({ items: (await readLetterLanes(ctx.db, null)).map((row) => laneView.parse(row)) }),
    }),
  ];
}
