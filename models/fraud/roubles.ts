import type { Book } from './book';
import type { Hierarchy } from './hierarchy';

/** Expected recoverable kopecks by clinic and by unit. */
export interface Roubles {
  readonly clinic: Float64Array;
  readonly unit: Float64Array;
}

export function noRoubles({ clinics, units }: Pick<Book, 'clinics' | 'units'>): Roubles {
  return { clinic: new Float64Array(clinics), unit: new Float64Array(units.count) };
}

/** Adds an amount to the clinic and the unit, each by how much of the suspicion it accounts for. */
export function addRoubles(to: Roubles, hierarchy: Hierarchy, clinic: number, unit: number, amount: number): void {
  const byClinic = hierarchy.clinic[clinic]! * hierarchy.clinicShare[clinic]!;
  const byUnit = unit < 0 ? 0 : hierarchy.unit[unit]! * hierarchy.unitShare[unit]!;
  const part = byClinic + byUnit > 0 ? byClinic / (byClinic + byUnit) : 1;
  to.clinic[clinic]! += amount * part;
  if (unit >= 0) to.unit[unit]! += amount * (1 - part);
}
