import type { Logger } from 'pino';

/** Something that is opened at start and closed at the end. */
export interface Resource {
  readonly name: string;
  readonly init: () => Promise<void> | void;
  readonly close: () => Promise<void> | void;
}

/**
 * Opens resources in order. Returns `close`, which closes the opened ones in reverse, goes on after failures, and does it
 * once however often it is called. When an opening fails, the opened ones are closed and the error is thrown.
 */
export async function openAll(resources: readonly Resource[], log: Logger): Promise<() => Promise<void>> {
  const opened: Resource[] = [];
  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    for (const resource of opened.toReversed()) {
      try {
        await resource.close();
      } catch (err) {
        log.error({ err, resource: resource.name }, 'resource did not close');
      }
    }
  };
  const close = (): Promise<void> => (closing ??= closeAll());
  for (const resource of resources) {
    try {
      await resource.init();
      opened.push(resource);
    } catch (error) {
      await close();
      throw error;
    }
  }
  return close;
}
