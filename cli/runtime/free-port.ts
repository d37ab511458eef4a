import { createServer } from 'node:net';

/**
 * Finds a TCP port on the loopback address: the wished one when it is free, otherwise any free one. The port is free at
 * the moment of asking; whoever binds it should be ready to ask again.
 */
export async function freePort(wished = 0): Promise<number> {
  const got = wished === 0 ? undefined : await tryPort(wished);
  return got ?? (await tryPort(0)) ?? Promise.reject(new Error('No free TCP port on 127.0.0.1'));
}

/** Several different free ports, held open together while asking so that none is handed out twice. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0)));
  const ports = servers.map((server) => portOf(server.address()));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/**
 * Starts something on ports that were free when they were asked for. Another process may have been quicker: then it is
 * started anew, and `start` asks for other ports.
 *
 * @throws what the last of five tries threw, and at once whatever has another cause than a taken port
 */
export async function startOnFreePorts<T>(start: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start();
    } catch (error) {
      const taken = /EADDRINUSE|address already in use/i.test(String((error as Partial<Error> | null)?.message));
      if (!taken || tries === 5) throw error;
    }
  }
}

async function tryPort(port: number): Promise<number | undefined> {
  try {
    const server = await listen(port);
    const found = portOf(server.address());
    await new Promise((resolve) => server.close(resolve));
    return found;
  } catch {
    return undefined;
  }
}

function listen(port: number): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('Not a TCP server');
  return address.port;
}
