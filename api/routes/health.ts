import { z } from 'zod';
import { databaseAnswers } from '../../prisma/pool';
import type { ApiDeps, Probe } from '../deps';
import type { Metrics } from '../http/metrics';
import type { RouteDefinition } from '../http/route';
import { defineRoute, file, json } from '../http/route';

const PROBE_MS = 1_500;

const health = z.object({ status: z.literal('ok') }).meta({ id: 'Health' });
const readiness = z
  .object({ status: z.enum(['ready', 'not-ready']), checks: z.record(z.string(), z.enum(['ok', 'failed'])) })
  .meta({ id: 'Readiness' });

/** Liveness, readiness and Prometheus metrics: for orchestrators, without a login and without personal data. */
export function serviceRoutes(deps: ApiDeps, metrics: Metrics): RouteDefinition[] {
  const probes: readonly Probe[] = [
    { name: 'database', check: () => databaseAnswers(deps.pool) },
    ...(deps.probes ?? []),
  ];
  return [
    defineRoute({
      method: 'get',
      path: '/healthz',
      summary: { ru: 'Процесс жив', en: 'The process is alive' },
      permission: 'public',
      bare: true,
      response: json(health),
      handler: () => ({ status: 'ok' as const }),
    }),
    defineRoute({
      method: 'get',
      path: '/readyz',
      summary: { ru: 'Готов к работе: база и процессы отвечают', en: 'Ready: database and workflow service answer' },
      permission: 'public',
      bare: true,
      response: json(readiness),
      alsoStatus: [503],
      handler: async (ctx) => {
        const results = await Promise.all(probes.map(async (probe) => [probe.name, await outcome(probe)] as const));
        const ready = results.every(([, result]) => result === 'ok');
        if (!ready) ctx.status(503);
        return { status: ready ? ('ready' as const) : ('not-ready' as const), checks: Object.fromEntries(results) };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/metrics',
      summary: { ru: 'Показатели для Prometheus', en: 'Metrics for Prometheus' },
      permission: 'public',
      bare: true,
      response: file('text/plain'),
      handler: async () => ({ body: await metrics.registry.metrics(), contentType: metrics.registry.contentType }),
    }),
  ];
}

async function outcome(probe: Probe): Promise<'ok' | 'failed'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PROBE_MS);
  });
  try {
    return (await Promise.race([probe.check(), late])) ? 'ok' : 'failed';
  } catch {
    return 'failed';
  } finally {
    clearTimeout(timer);
  }
}
