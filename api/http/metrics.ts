import type { RequestHandler } from 'express';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Pool } from '../../prisma/pool';
import { notesOf } from './request-log';

export interface Metrics {
  readonly registry: Registry;
  /** Times every request by method, route pattern and status. */
  readonly middleware: RequestHandler;
  /** Refused: by policy, by rate limit, by credentials. */
  readonly refusals: Counter<'cause'>;
}

/** Own registry per app: two apps in one test process do not clash. Labels are patterns and codes, never values. */
export function createMetrics(pool: Pool): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const duration = new Histogram({
    name: 'medex_http_request_seconds',
    help: 'Time to answer by method, route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const refusals = new Counter({
    name: 'medex_http_refusals_total',
    help: 'Requests refused before their handler, by cause',
    labelNames: ['cause'],
    registers: [registry],
  });
  const connections = new Gauge({
    name: 'medex_db_connections',
    help: 'Connections of the pool by state',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      connections.set({ state: 'total' }, pool.totalCount);
      connections.set({ state: 'idle' }, pool.idleCount);
      connections.set({ state: 'waiting' }, pool.waitingCount);
    },
  });
  const middleware: RequestHandler = (req, res, next) => {
    const stop = duration.startTimer();
    res.on('close', () => {
      stop({ method: req.method, route: notesOf(res).route, status: res.statusCode });
    });
    next();
  };
  return { registry, middleware, refusals };
}
