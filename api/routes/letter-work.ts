import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import { stepLetterLanes } from '../../prisma/facts/letter-lanes';
import { appendLetterEvent } from '../../prisma/repositories/letters';
import { claimLetter, holderOf, releaseLetter } from '../../prisma/repositories/letter-queue';
import { saveSampleResult } from '../../prisma/repositories/letter-lanes';
import { readLetterDetail, readLetterOwner } from '../../prisma/repositories/letter-views';
import { standInOf } from '../../prisma/repositories/letter-settings';
import type { Queryable } from '../../prisma/pool';
import { findUser } from '../../prisma/repositories/users';
import type { User } from '../../prisma/repositories/users';
import type { ApiDeps } from '../deps';
import { conflict, notFound } from '../http/errors';
import { text, uuid } from '../http/fields';
import { defineRoute, json, noContent } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { todayOf } from '../letters/today';
import { claimed, claimView, LEASE_SECONDS } from './letter-acts';

const params = z.object({ letterId: uuid() });

/** Work among doctors: handing a request over, and looking at trusted answers afterwards. */
export function letterWorkRoutes(deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/letters/:letterId/delegations',
      summary: { ru: 'Передать запрос другому врачу', en: 'Hand a request over to another doctor' },
      description: 'By its holder or by the lead; the other doctor needs the skill and must have no conflict.',
      permission: 'letter:decide',
      params,
      body: z.strictObject({ doctorId: uuid() }),
      response: json(claimView),
      audit: { kind: 'change', subject: (input) => ({ type: 'letter', ids: [input.params.letterId] }) },
      handler: async (ctx, input) => {
        const { letterId } = input.params;
        const filter = scopeOf(ctx.principal, 'letter:decide');
        if ((await readLetterDetail(ctx.db, letterId, filter)) === null) throw notFound('letter');
        const holder = await holderOf(ctx.db, letterId);
        if (holder?.id !== ctx.principal.id && ctx.principal.role !== 'lead-expert') {
          throw conflict(
            'letter.not-held',
            'Передаёт тот, кто взял, или ведущий',
            'Its holder or the lead hands it over',
          );
        }
        const doctor = await findUser(ctx.db, input.body.doctorId);
        if (doctor === null || !(await mayDecide(ctx.db, letterId, doctor))) throw notFound('doctor');
        const today = todayOf(deps);
        const standInId = await standInOf(ctx.db, doctor.id, today);
        if (standInId !== undefined) {
          throw conflict('letter.doctor-absent', 'Этот врач отсутствует', 'This doctor is absent', { standInId });
        }
        if (holder !== null) await releaseLetter(ctx.db, letterId, holder.id);
        const { id, fullName, skills, role } = doctor;
        const claimant = { id, name: fullName ?? '', skills, lead: role === 'lead-expert' };
        return claimed(await claimLetter(ctx.db, letterId, claimant, { leaseSeconds: LEASE_SECONDS, today }));
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/letters/:letterId/sample-reviews',
      summary: { ru: 'Проверить доверенный ответ', en: 'Look at a trusted answer afterwards' },
      description: 'The promise stands either way; the lane is judged anew by it.',
      permission: 'letter:decide',
      params,
      body: z.strictObject({ result: z.enum(['agreed', 'overturned']), note: text(4000) }),
      response: noContent(),
      audit: { kind: 'decision', subject: (input) => ({ type: 'letter', ids: [input.params.letterId] }) },
      handler: async (ctx, input) => {
        const { letterId } = input.params;
        const filter = scopeOf(ctx.principal, 'letter:decide');
        const owner = await readLetterOwner(ctx.db, letterId, filter);
        if (owner === null) throw notFound('letter');
        if (!(await saveSampleResult(ctx.db, letterId, input.body.result))) {
          throw conflict('letter.not-sampled', 'Этот ответ не ждёт проверки', 'This answer awaits no look');
        }
        await appendLetterEvent(ctx.db, letterId, {
          kind: 'sample-review',
          actorRole: ctx.principal.role,
          actorId: ctx.principal.id,
          actorName: ctx.principal.fullName,
          requestKey: 'sample-review',
          at: new Date().toISOString(),
          body: input.body,
        });
        await stepLetterLanes(ctx.db, { clinicId: owner.clinicId, now: new Date() });
      },
    }),
  ];
}

/** A doctor of the letter's own hub, with an account in use. */
async function mayDecide(db: Queryable, letterId: string, doctor: User): Promise<boolean> {
  const { clinicId, policyholderId, policyId, hubId, status } = doctor;
  const scope = { clinicId, policyholderId, policyId, hubId };
  const filter = scopeOf({ ...doctor, kind: 'user', scope, credentialId: 'delegation' }, 'letter:decide');
  return status === 'active' && (await readLetterOwner(db, letterId, filter)) !== null;
}
