import { AppError } from '../errors';

export type PackState = 'draft' | 'reviewed' | 'published' | 'retired';

/** One step in the life of a pack or rule version. Actors are opaque ids of accounts. */
export interface LifecycleStep {
  readonly action: 'create' | 'edit' | 'review' | 'send-back' | 'publish' | 'retire';
  readonly actor: string;
  readonly at: string;
  readonly comment?: string;
}

export interface Lifecycle {
  readonly state: PackState;
  /** Whoever wrote any part of this version. */
  readonly authors: readonly string[];
  readonly reviewedBy: string | null;
  /** First and last day in force (inclusive), set when published and retired. */
  readonly effectiveFrom: string | null;
  readonly effectiveTo: string | null;
  readonly history: readonly LifecycleStep[];
}

export type LifecycleCommand =
  | { readonly action: 'edit'; readonly actor: string; readonly at: string }
  | {
      readonly action: 'review';
      readonly actor: string;
      readonly at: string;
      readonly isDoctor: boolean;
      readonly comment?: string;
    }
  | { readonly action: 'send-back'; readonly actor: string; readonly at: string; readonly comment: string }
  | { readonly action: 'publish'; readonly actor: string; readonly at: string; readonly effectiveFrom: string }
  | { readonly action: 'retire'; readonly actor: string; readonly at: string; readonly effectiveTo: string };

const FROM: Readonly<Record<LifecycleCommand['action'], readonly PackState[]>> = {
  edit: ['draft'],
  review: ['draft'],
  'send-back': ['reviewed'],
  publish: ['reviewed'],
  retire: ['published'],
};

export function createLifecycle(actor: string, at: string): Lifecycle {
  return {
    state: 'draft',
    authors: [actor],
    reviewedBy: null,
    effectiveFrom: null,
    effectiveTo: null,
    history: [{ action: 'create', actor, at }],
  };
}

/**
 * draft -> reviewed (by a doctor who wrote no part of it) -> published (from a date) -> retired (after a date).
 * A reviewed version that has to change goes back to draft and loses its review. Errors: `library.wrong-state`,
 * `library.four-eyes`, `library.not-a-doctor`, `library.bad-dates`.
 */
export function advance(life: Lifecycle, command: LifecycleCommand): Lifecycle {
  if (!FROM[command.action].includes(life.state)) {
    throw new AppError(
      'library.wrong-state',
      {
        ru: `Из состояния «${life.state}» действие «${command.action}» невозможно`,
        en: `"${command.action}" is not possible in state "${life.state}"`,
      },
      { httpStatus: 409, details: { state: life.state, action: command.action } },
    );
  }
  const { action, actor, at } = command;
  const step: LifecycleStep =
    'comment' in command && command.comment ? { action, actor, at, comment: command.comment } : { action, actor, at };
  const next = { ...life, history: [...life.history, step] };
  switch (command.action) {
    case 'edit':
      return { ...next, authors: life.authors.includes(actor) ? life.authors : [...life.authors, actor] };
    case 'review':
      assertSecondDoctor(life, actor, command.isDoctor);
      return { ...next, state: 'reviewed', reviewedBy: actor };
    case 'send-back':
      return { ...next, state: 'draft', reviewedBy: null };
    case 'publish':
      return { ...next, state: 'published', effectiveFrom: plainDay(command.effectiveFrom) };
    case 'retire':
      return { ...next, state: 'retired', effectiveTo: lastDay(life, command.effectiveTo) };
    default:
      return command satisfies never;
  }
}

/** A published version, or a retired one for the days when it was in force. */
export interface VersionInForce {
  readonly version: string;
  readonly state: PackState;
  readonly effectiveFrom: string | null;
  readonly effectiveTo: string | null;
}

/** The version in force on a date: of those whose days contain it, the one with the latest start; null if none. */
export function versionInForce<V extends VersionInForce>(versions: readonly V[], date: string): V | null {
  let found: V | null = null;
  for (const version of versions) {
    const { state, effectiveFrom, effectiveTo } = version;
    if (state !== 'published' && state !== 'retired') continue;
    if (effectiveFrom === null || effectiveFrom > date || (effectiveTo !== null && effectiveTo < date)) continue;
    if (found === null || effectiveFrom > found.effectiveFrom!) found = version;
  }
  return found;
}

function assertSecondDoctor(life: Lifecycle, actor: string, isDoctor: boolean): void {
  if (!isDoctor) {
    throw new AppError(
      'library.not-a-doctor',
      { ru: 'Проверить может только врач-эксперт', en: 'Only a doctor expert may review' },
      { httpStatus: 403 },
    );
  }
  if (life.authors.includes(actor)) {
    throw new AppError(
      'library.four-eyes',
      { ru: 'Проверить должен другой врач, не автор', en: 'Another doctor than the author has to review' },
      { httpStatus: 409 },
    );
  }
}

function plainDay(date: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(date)) return date;
  throw new AppError('library.bad-dates', {
    ru: `«${date}» не дата: запишите как 2026-01-31`,
    en: `"${date}" is not a date: write it as 2026-01-31`,
  });
}

function lastDay(life: Lifecycle, date: string): string {
  if (life.effectiveFrom !== null && plainDay(date) < life.effectiveFrom) {
    throw new AppError('library.bad-dates', {
      ru: `Последний день ${date} раньше первого ${life.effectiveFrom}`,
      en: `Last day ${date} is before the first, ${life.effectiveFrom}`,
    });
  }
  return date;
}
