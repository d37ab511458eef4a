import { setTimeout } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Pool } from '../prisma/pool';
import { claimOutbox, giveBackOutbox, markOutboxDone, markOutboxFailed } from '../prisma/repositories/outbox';
import type { OutboxMessage } from '../prisma/repositories/outbox';
import { LIBRARY_OUTBOX_HANDLERS } from './library-outbox';
import { caseChangedSignal, DEFAULT_QUEUES, invoiceWorkflowId } from '../workflows/messages';
import type { Queues } from '../workflows/messages';

/** Delivers one message; it may be called again for the same one and has to come to the same. */
export type OutboxHandler = (client: Client, message: OutboxMessage, queues: Queues) => Promise<void>;

/**
 * A batch leaves thousands of these behind it. They have a short queue of their own, two at a time: a start costs the
 * server a dozen writes, and more at once would make people and the next batch wait for it.
 */
const BULK_TOPIC = 'invoice-review-start';

const deliverCase: OutboxHandler = async (client, { payload }, queues) => {
  const { versionId, start } = payload as { versionId: string; start: boolean };
  const workflowId = invoiceWorkflowId(versionId);
  if (start) {
    await client.workflow.signalWithStart('invoiceReview', {
      workflowId,
      taskQueue: queues.flow,
      args: [{ versionId, ...(queues === DEFAULT_QUEUES ? {} : { queues }) }],
      signal: caseChangedSignal,
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    return;
  }
  await client.workflow.getHandle(workflowId).signal(caseChangedSignal).catch(ignoreEnded);
};

/** Topic by topic. Whoever adds a topic adds its handler here. */
export const OUTBOX_HANDLERS: Readonly<Record<string, OutboxHandler>> = {
  ...LIBRARY_OUTBOX_HANDLERS,
  /** An invoice whose case people or another batch have changed: its workflow reads it again. */
  'invoice-review': deliverCase,
  /** An invoice that a batch has left to people: its workflow starts. */
  [BULK_TOPIC]: deliverCase,
  'registry-intake': async (client, { payload }, queues) => {
    const { fileId } = payload as { fileId: string };
    await client.workflow.start('registryIntake', {
      workflowId: `registry-intake/${fileId}`,
      taskQueue: queues.flow,
      args: [{ fileId }],
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
  },
};

export interface RelayOptions {
  readonly pool: Pool;
  readonly client: Client;
  readonly queues?: Queues;
  readonly handlers?: Readonly<Record<string, OutboxHandler>>;
  /** Told about a message that could not be delivered: topic and error class, never its payload. */
  readonly onError?: (topic: string, error: unknown) => void;
  /** Pause when there is nothing to do. */
  readonly idleMs?: number;
}

export interface OutboxRelay {
  /** Ends when what is being delivered is delivered; what was only claimed is given back to the other relays. */
  readonly close: () => Promise<void>;
}

const LANES = 10;
const BULK_LANES = 2;
/** Claimed at once for each lane: so few that they are delivered within the lease even by a server that is slow. */
const PER_LANE = 10;
const LEASE_SECONDS = 30;

/**
 * The other half of the outbox: takes messages (SKIP LOCKED, so any number of relays may run) and brings them to
 * Temporal under deterministic ids. A relay that dies between start and mark starts the same workflow id again, which
 * does nothing: rows and workflows never diverge.
 */
export function startOutboxRelay(options: RelayOptions): OutboxRelay {
  const { pool, client, queues = DEFAULT_QUEUES, handlers = OUTBOX_HANDLERS } = options;
  const closing = new AbortController();
  const { signal } = closing;

  const deliver = async (message: OutboxMessage): Promise<void> => {
    try {
      await handlers[message.topic]!(client, message, queues);
      await markOutboxDone(pool, [message.id]);
    } catch (error) {
      options.onError?.(message.topic, error);
      await markOutboxFailed(pool, message.id, error instanceof Error ? error.name : 'unknown');
    }
  };
  const drain = async (topics: readonly string[], width: number): Promise<number> => {
    const limit = width * PER_LANE;
    const messages = await claimOutbox(pool, { topics, limit, leaseSeconds: LEASE_SECONDS });
    const rest = [...messages];
    const lane = async (): Promise<void> => {
      for (let next = rest.shift(); next !== undefined; next = signal.aborted ? undefined : rest.shift()) {
        await deliver(next);
      }
    };
    await Promise.all(Array.from({ length: width }, lane));
    if (rest.length > 0)
      await giveBackOutbox(
        pool,
        rest.map((message) => message.id),
      );
    return messages.length;
  };
  const serve = async (topics: readonly string[], width: number): Promise<void> => {
    while (!signal.aborted) {
      const taken = await drain(topics, width).catch((error: unknown) => {
        options.onError?.('outbox', error);
        return 0;
      });
      if (taken === 0) await setTimeout(options.idleMs ?? 300, null, { signal }).catch(() => undefined);
    }
  };
  const topics = Object.keys(handlers);
  const bulk = topics.filter((topic) => topic === BULK_TOPIC);
  const others = topics.filter((topic) => topic !== BULK_TOPIC);
  const running = Promise.all([serve(bulk, BULK_LANES), serve(others, LANES)]);
  return {
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

/** A workflow that has ended needs no signal. */
function ignoreEnded(error: unknown): void {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}
