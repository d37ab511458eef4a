import { sleep } from './process-tools';

/** Something that runs until it is closed or dies. */
export interface Running {
  pid?: number;
  /** Resolves when it ended by itself; absent when it cannot (a pool, an in-process server). */
  exited?: Promise<void>;
  close(): Promise<void>;
}

export interface Service<T extends Running = Running> {
  name: string;
  /** Brings it up and resolves when it is ready. A restart gets what ran before, to take the same port again. */
  start(previous?: T): Promise<T>;
}

export type SupervisorEvent =
  | { kind: 'started' | 'stopped'; name: string; pid?: number }
  | { kind: 'died'; name: string; restartInMs: number }
  | { kind: 'restart-failed'; name: string; error: unknown; restartInMs: number };

export interface Supervisor {
  /** Starts a service and keeps it up. @throws when its first start fails; what ran before stays up until `close` */
  add<T extends Running>(service: Service<T>): Promise<T>;
  /** Ends everything in reverse order of starting. Safe to call twice. */
  close(): Promise<void>;
  /** Resolves when `close` has finished. */
  closed: Promise<void>;
  /** Running processes by name, for the pid file. */
  processes(): { name: string; pid: number }[];
}

/** Waiting time before restart number n in a row. */
const backOffMs = (failures: number): number => Math.min(200 * 2 ** failures, 10_000);

/** After this time up, a service counts as healthy and the next restart is quick again. */
const HEALTHY_MS = 30_000;

interface Slot {
  name: string;
  running: Running;
}

/**
 * Keeps a list of services up: each was ready before the next started, a dead one is started again with growing pauses,
 * and all end in reverse order, so that a worker drains while its database still answers.
 */
export function createSupervisor(onEvent: (event: SupervisorEvent) => void = () => undefined): Supervisor {
  const slots: Slot[] = [];
  let closing: Promise<void> | undefined;
  let announceClosed = (): void => undefined;
  const closed = new Promise<void>((resolve) => (announceClosed = resolve));

  async function add<T extends Running>(service: Service<T>): Promise<T> {
    const running = await service.start();
    if (closing !== undefined) {
      await running.close();
      throw new Error(`${service.name} was started while everything was ending`);
    }
    const slot: Slot = { name: service.name, running };
    slots.push(slot);
    onEvent({ kind: 'started', name: service.name, pid: running.pid });
    void keepUp(service, slot);
    return running;
  }

  async function keepUp<T extends Running>(service: Service<T>, slot: Slot): Promise<void> {
    let failures = 0;
    for (let running = slot.running as T; running.exited !== undefined; slot.running = running) {
      const since = Date.now();
      await running.exited;
      if (closing !== undefined) return;
      failures = Date.now() - since > HEALTHY_MS ? 0 : failures;
      onEvent({ kind: 'died', name: service.name, restartInMs: backOffMs(failures) });
      const next = await bringBack(service, running, failures);
      if (next === undefined) return;
      ({ running, failures } = next);
    }
  }

  async function bringBack<T extends Running>(
    service: Service<T>,
    previous: T,
    earlierFailures: number,
  ): Promise<{ running: T; failures: number } | undefined> {
    for (let failures = earlierFailures; ; failures++) {
      await sleep(backOffMs(failures));
      if (closing !== undefined) return undefined;
      try {
        const running = await service.start(previous);
        if (closing !== undefined) {
          await running.close();
          return undefined;
        }
        onEvent({ kind: 'started', name: service.name, pid: running.pid });
        return { running, failures: failures + 1 };
      } catch (error) {
        onEvent({ kind: 'restart-failed', name: service.name, error, restartInMs: backOffMs(failures + 1) });
      }
    }
  }

  async function closeAll(): Promise<void> {
    for (const slot of slots.toReversed()) {
      await slot.running.close().catch(() => undefined);
      onEvent({ kind: 'stopped', name: slot.name, pid: slot.running.pid });
    }
    announceClosed();
  }

  return {
    add,
    close: () => (closing ??= closeAll()),
    closed,
    processes: () =>
      slots.flatMap(({ name, running }) => (running.pid === undefined ? [] : [{ name, pid: running.pid }])),
  };
}

/**
 * Ends the supervisor on Ctrl-C, SIGTERM and a closed terminal, then the process with the code that shells expect. A
 * second Ctrl-C does not wait any longer; the guard of guarded-spawn.ts ends what is left.
 */
export function closeOnSignals(
  supervisor: Supervisor,
  onSignal: (signal: NodeJS.Signals) => void = () => undefined,
): void {
  const codes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
  let asked = false;
  for (const [signal, code] of Object.entries(codes) as [NodeJS.Signals, number][]) {
    process.on(signal, () => {
      if (asked) process.exit(code);
      asked = true;
      onSignal(signal);
      void supervisor.close().then(() => process.exit(code));
    });
  }
}
