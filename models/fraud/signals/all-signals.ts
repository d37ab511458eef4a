import type { SchemeParts } from '../parts';
import type { Structure } from '../structure';
import type { FraudInput } from '../types';

/** Billing patterns that need no answers. */
export function allSignals(_input: FraudInput, _structure: Structure): SchemeParts[] {
  return [];
}
