import type { FactSource } from '../../models/library/decision-tables/line-facts';
import type { SubjectData } from '../../models/review/table';
import type { Queryable } from '../pool';
import { readClinicFacts, readRefusedDays } from '../repositories/lanes';
import type { ReferenceSnapshot } from '../repositories/reference-snapshot';

/** What expert tables read beside the review, for the people of one table. */
export async function readFactSource(
  db: Queryable,
  input: {
    readonly snapshot: ReferenceSnapshot;
    readonly subjects: SubjectData;
    readonly verdictWatermark: number;
  },
): Promise<FactSource> {
  const { policyNo } = input.subjects.persons;
  const clinics = new Map(
    (await readClinicFacts(db)).map((clinic) => [input.snapshot.clinicAt[clinic.id] ?? -1, clinic]),
  );
  const refused = await readRefusedDays(db, policyNo, input.verdictWatermark);
  return {
    city: (clinic) => clinics.get(clinic)?.city ?? '',
    level: (clinic) => clinics.get(clinic)?.level ?? 0,
    fastLane: (clinic) => clinics.get(clinic)?.fastLane ?? false,
    rating: () => null,
    refusedDays: (person) => refused.get(policyNo[person]!) ?? [],
  };
}
