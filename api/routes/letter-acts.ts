import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import type { Action } from '../../models/access/policy';
import type { LetterAct } from '../../models/letters/acts';
import { claimLetter, holderOf, releaseLetter } from '../../prisma/repositories/letter-queue';
import type { ClaimResult } from '../../prisma/repositories/letter-queue';
import { hasConflict } from '../../prisma/repositories/letter-settings';
import { readLetterDetail } from '../../prisma/repositories/letter-views';
import type { ApiDeps } from '../deps';
import type { RouteContext } from '../http/context';
import { conflict, notFound } from '../http/errors';
import { uuid } from '../http/fields';
import { defineRoute, json, noContent } from '../http/route';
import type { RouteDefinition } from '../http/route';
import {
  amendBody,
  appealBody,
  cancelBody,
  decisionBody,
  documentsBody,
  extendBody,
  questionBody,
} from '../letters/act.schema';
import { answerOf } from '../letters/answer';
import { actOnLetter } from '../letters/call';
import { todayOf } from '../letters/today';
import { letterAnswer } from '../letters/views';

export const LEASE_SECONDS = 15 * 60;
const params = z.object({ letterId: uuid() });
export const claimView = z.object({ leaseUntil: z.string(), revision: z.int() }).meta({ id: 'LetterClaim' });

/** What doctors, clinics and the insured do with a request. Every decision goes through the request's workflow. */
export function letterActRoutes(deps: ApiDeps): RouteDefinition[] {
  const act = <B extends z.ZodType>(spec: ActSpec<B>): RouteDefinition =>
    defineRoute({
      method: 'post',
      path: `/v1/letters/:letterId/${spec.path}`,
      summary: spec.summary,
      permission: spec.permission,
      params,
      body: spec.body,
      response: json(letterAnswer),
      transaction: 'own',
      audit: { kind: 'decision', subject: (input) => ({ type: 'letter', ids: [input.params.letterId] }) },
      handler: async (ctx, input) => {
        const letterId = input.params.letterId;
        const filter = scopeOf(ctx.principal, spec.permission);
        if ((await readLetterDetail(deps.pool, letterId, filter)) === null) throw notFound('letter');
        if (spec.byHolder === true) await assertHolder(deps, ctx, letterId);
        if (await hasConflict(deps.pool, letterId, ctx.principal.id)) throw conflictOfInterest();
        const key = `${spec.path}:${ctx.principal.id}:${ctx.idempotencyKey ?? ctx.requestId}`;
        // The route's schema produced the body: the generic wrapper erases its type.
        const made = spec.act(ctx, input.body as z.output<B>);
        return answerOf(await actOnLetter(deps, letterId, made, key));
      },
    });

  return [
    defineRoute({
      method: 'post',
      path: '/v1/letters/:letterId/claim',
      summary: { ru: 'Взять запрос', en: 'Claim a request' },
      permission: 'letter:decide',
      params,
      response: json(claimView),
      handler: async (ctx, input) => {
        const filter = scopeOf(ctx.principal, 'letter:decide');
        if ((await readLetterDetail(ctx.db, input.params.letterId, filter)) === null) throw notFound('letter');
        const { id, fullName, skills, role } = ctx.principal;
        const claimant = { id, name: fullName ?? '', skills, lead: role === 'lead-expert' };
        const terms = { leaseSeconds: LEASE_SECONDS, today: todayOf(deps) };
        return claimed(await claimLetter(ctx.db, input.params.letterId, claimant, terms));
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/letters/:letterId/release',
      summary: { ru: 'Вернуть запрос в очередь', en: 'Give a request back' },
      permission: 'letter:decide',
      params,
      response: noContent(),
      handler: async (ctx, input) => {
        if (await releaseLetter(ctx.db, input.params.letterId, ctx.principal.id)) return;
        throw conflict('letter.not-held', 'Запрос у вас не взят', 'You do not hold the request');
      },
    }),
    act({
      path: 'decisions',
      summary: { ru: 'Решить по строкам', en: 'Decide the lines' },
      permission: 'letter:decide',
      body: decisionBody,
      byHolder: true,
      act: (ctx, body) => ({ kind: 'decide', doctor: doctorOf(ctx), lines: body.lines, note: body.note }),
    }),
    act({
      path: 'document-requests',
      summary: { ru: 'Запросить документы', en: 'Ask for documents' },
      permission: 'letter:decide',
      body: questionBody,
      byHolder: true,
      act: (ctx, body) => ({ kind: 'ask-documents', doctor: doctorOf(ctx), question: body.question }),
    }),
    act({
      path: 'second-opinions',
      summary: { ru: 'Попросить второе мнение', en: 'Ask for a second opinion' },
      permission: 'letter:decide',
      body: questionBody,
      byHolder: true,
      act: (ctx, body) => ({ kind: 'second-opinion', doctor: doctorOf(ctx), question: body.question }),
    }),
    act({
      path: 'documents',
      summary: { ru: 'Ответить на запрос документов', en: 'Answer the request for documents' },
      permission: 'letter:documents',
      body: documentsBody,
      act: (ctx, body) => ({ kind: 'give-documents', actor: actorOf(ctx), ...body }),
    }),
    act({
      path: 'amendments',
      summary: { ru: 'Уменьшить количество', en: 'Cut the quantity' },
      permission: 'letter:amend',
      body: amendBody,
      act: (ctx, body) => ({ kind: 'amend', doctor: doctorOf(ctx), ...body }),
    }),
    act({
      path: 'extensions',
      summary: { ru: 'Продлить письмо', en: 'Extend the letter' },
      permission: 'letter:amend',
      body: extendBody,
      act: (ctx, body) => ({ kind: 'extend', doctor: doctorOf(ctx), ...body }),
    }),
    act({
      path: 'cancellations',
      summary: { ru: 'Отменить строки или письмо', en: 'Cancel lines or the letter' },
      permission: 'letter:documents',
      body: cancelBody,
      act: (ctx, body) => ({ kind: 'cancel', actor: actorOf(ctx), ...body }),
    }),
    act({
      path: 'appeals',
      summary: { ru: 'Возразить', en: 'Appeal' },
      permission: 'letter:documents',
      body: appealBody,
      act: (ctx, body) => ({ kind: 'appeal', actor: actorOf(ctx), ...body }),
    }),
  ];
}

interface ActSpec<B extends z.ZodType> {
  readonly path: string;
  readonly summary: { readonly ru: string; readonly en: string };
  readonly permission: Action;
  readonly body: B;
  /** Only the doctor who has claimed the request may do it. */
  readonly byHolder?: boolean;
  readonly act: (ctx: RouteContext, body: z.output<B>) => LetterAct;
}

const doctorOf = ({ principal }: RouteContext) => ({
  id: principal.id,
  fullName: principal.fullName ?? '',
  lead: principal.role === 'lead-expert',
});
const actorOf = ({ principal }: RouteContext) => ({ role: principal.role, id: principal.id, name: principal.fullName });

async function assertHolder(deps: ApiDeps, ctx: RouteContext, letterId: string): Promise<void> {
  const holder = await holderOf(deps.pool, letterId);
  if (holder?.id === ctx.principal.id) return;
  const details = { holder: holder?.name ?? null };
  throw conflict('letter.not-held', 'Сначала возьмите запрос', 'Claim the request first', details);
}

const conflictOfInterest = () => conflict('letter.conflict-of-interest', 'Конфликт интересов', 'Conflict of interest');

export function claimed(result: ClaimResult): { leaseUntil: string; revision: number } {
  switch (result.kind) {
    case 'claimed':
      return { leaseUntil: result.leaseUntil, revision: result.revision };
    case 'held':
      throw conflict('letter.held', 'Запрос уже взят', 'The request is taken', {
        holder: result.holderName,
        leaseUntil: result.leaseUntil,
      });
    case 'skill':
      throw conflict('letter.skill', 'Нужен врач этого профиля', 'A doctor of this skill is needed', {
        skill: result.skill,
      });
    case 'conflict-of-interest':
      throw conflictOfInterest();
    case 'not-open':
      throw conflict('letter.not-with-experts', 'Запрос не ждёт врача', 'The request awaits no doctor');
    default:
      return result satisfies never;
  }
}
