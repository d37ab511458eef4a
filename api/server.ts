import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { createApp } from './app';
import type { ApiDeps } from './deps';
import { housekeeping } from './housekeeping';
import type { Resource } from './http/lifecycle';
import { openAll } from './http/lifecycle';

/** Requests in flight get this long to end after the process was told to stop. */
const DRAIN_MS = 10_000;

export interface RunningApi {
  readonly url: string;
  readonly port: number;
  /** Stops taking requests, lets those in flight end, closes `resources` in reverse. Safe to call twice. */
  readonly close: () => Promise<void>;
}

export interface ApiOptions extends ApiDeps {
  /** Opened before the server listens and closed after it, in reverse: pools, clients, relays. */
  readonly resources?: readonly Resource[];
  /** Overrides the configured port; 0 takes a free one. */
  readonly port?: number;
}

/** Starts the API: opens everything in order, listens last. */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const { config, log, pool } = options;
  const closing = new AbortController();
  const listener = listen(createApp(options, { closing: closing.signal }), {
    host: config.HOST,
    port: options.port ?? config.PORT,
    closing,
  });
  const resources = [...(options.resources ?? []), housekeeping(pool, config.MEDEX_SECRET, log), listener];
  const close = await openAll(resources, log);
  const port = listener.port();
  const host = config.HOST === '0.0.0.0' || config.HOST === '::' ? 'localhost' : config.HOST;
  log.info({ port }, 'API is listening');
  return { url: `http://${host}:${port}`, port, close };
}

function listen(
  app: Express,
  options: { readonly host: string; readonly port: number; readonly closing: AbortController },
): Resource & { readonly port: () => number } {
  const server = createServer(app);
  // Slow senders must not hold sockets for ever; uploads of 100 MB and more need minutes on a clinic's line.
  server.headersTimeout = 15_000;
  server.requestTimeout = 15 * 60_000;
  server.keepAliveTimeout = 20_000;
  return {
    name: 'http server',
    init: () => opened(server, options.host, options.port),
    port: () => (server.address() as AddressInfo).port,
    close: async () => {
      options.closing.abort();
      const drained = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeIdleConnections();
      const deadline = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
      await drained;
      clearTimeout(deadline);
    },
  };
}

function opened(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
