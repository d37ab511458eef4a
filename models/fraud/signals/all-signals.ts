import type { SchemeParts } from '../parts';
import type { Structure } from '../structure';
import type { FraudInput } from '../types';
import { impossibleDays } from './impossible-days';
import { sharedPatients } from './network';
import { suddenChange } from './sudden-change';
import { unbundling } from './unbundling';

/** Billing patterns that need no answers. */
export function allSignals(input: FraudInput, structure: Structure): SchemeParts[] {
  return [
    unbundling(input, structure),
    impossibleDays(input, structure),
    sharedPatients(input, structure),
    suddenChange(input, structure),
  ];
}
