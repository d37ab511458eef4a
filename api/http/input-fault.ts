import type { LocalizedText } from '../../models/errors';

/** One fault of the input: where, which rule, and what the rule wants. */
export interface InputFault {
  readonly path: string;
  readonly rule: string;
  readonly limit?: number | bigint | string | undefined;
  /** What the field should be, e.g. 'string' or the allowed values. */
  readonly expected?: string | undefined;
  /** Own texts of a rule that is not in the catalogue. */
  readonly message?: LocalizedText | undefined;
  readonly fix?: LocalizedText | undefined;
}
