/** A text in both languages of the product: Russian first, English complete. */
export interface LocalizedText {
  readonly ru: string;
  readonly en: string;
}

export interface AppErrorOptions {
  readonly httpStatus?: number;
  readonly retryable?: boolean;
  readonly cause?: unknown;
  /** Plain facts for the caller (row, field, rule, fix, holder): never personal data. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * The one error tree of the product. `code` is stable and is what clients, problem documents (RFC 9457)
 * and Temporal failure types carry; the text is for people.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly httpStatus: number;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    readonly code: string,
    readonly text: LocalizedText,
    options: AppErrorOptions = {},
  ) {
    super(text.en, options.cause === undefined ? undefined : { cause: options.cause });
    this.httpStatus = options.httpStatus ?? 400;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

/** True for an AppError of any realm: jest and workflow sandboxes re-create classes, so `instanceof` may lie. */
export function isAppError(error: unknown): error is AppError {
  return error instanceof Error && error.name === 'AppError' && 'code' in error && 'text' in error;
}
