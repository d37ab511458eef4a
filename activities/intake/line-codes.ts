import type { InvoiceRow } from '../../models/exchange/invoice-rows';
import type { Queryable } from '../../prisma/pool';
import { resolveClinicItems, resolveCodes } from '../../prisma/repositories/dictionaries';
import type { CodeDictionary } from '../../prisma/repositories/dictionaries';
import { detached } from './registry-state';

/** Ids of the codes of lines, looked up set by set and remembered. */
export interface LineCodes {
  /** Makes sure that all codes of these lines have ids. */
  prepare(lines: readonly { readonly clinicId: number; readonly row: InvoiceRow }[]): Promise<void>;
  policy(code: string): number;
  diagnosis(code: string): number;
  doctor(code: string): number | null;
  letter(code: string): number | null;
  item(clinicId: number, itemCode: string): number;
}

/** Entries per dictionary before it is emptied: memory stays flat for any number of people. */
const MAX_REMEMBERED = 300_000;

export function createLineCodes(db: Queryable): LineCodes {
  const maps: Record<CodeDictionary, Map<string, number>> = {
    policy: new Map(),
    diagnosis: new Map(),
    doctor: new Map(),
    letter_ref: new Map(),
  };
  const items = new Map<number, Map<string, number>>();
  let itemCount = 0;

  const learn = async (dictionary: CodeDictionary, codes: Set<string>): Promise<void> => {
    if (codes.size === 0) return;
    const found = await resolveCodes(db, dictionary, [...codes]);
    for (const [code, id] of found) maps[dictionary].set(code, id);
  };

  return {
    async prepare(lines) {
      if (Object.values(maps).some((map) => map.size > MAX_REMEMBERED) || itemCount > MAX_REMEMBERED) {
        for (const map of Object.values(maps)) map.clear();
        items.clear();
        itemCount = 0;
      }
      const unknown: Record<CodeDictionary, Set<string>> = {
        policy: new Set(),
        diagnosis: new Set(),
        doctor: new Set(),
        letter_ref: new Set(),
      };
      const newItems = new Map<number, Set<string>>();
      const note = (dictionary: CodeDictionary, code: string): void => {
        if (code !== '' && !maps[dictionary].has(code)) unknown[dictionary].add(code);
      };
      for (const { clinicId, row } of lines) {
        note('policy', row.policyNo);
        note('diagnosis', row.diagnosisCode);
        note('doctor', row.doctorId);
        note('letter_ref', row.letterNo);
        if (items.get(clinicId)?.has(row.itemCode) !== true) {
          let codes = newItems.get(clinicId);
          if (codes === undefined) newItems.set(clinicId, (codes = new Set()));
          codes.add(row.itemCode);
        }
      }
      await learn('policy', unknown.policy);
      await learn('diagnosis', unknown.diagnosis);
      await learn('doctor', unknown.doctor);
      await learn('letter_ref', unknown.letter_ref);
      const pairs = [...newItems].flatMap(([clinicId, codes]) => [...codes].map((code) => ({ clinicId, code })));
      const ids = await resolveClinicItems(
        db,
        pairs.map((pair) => pair.clinicId),
        pairs.map((pair) => pair.code),
      );
      for (const [index, { clinicId, code }] of pairs.entries()) {
        let known = items.get(clinicId);
        if (known === undefined) items.set(clinicId, (known = new Map()));
        known.set(detached(code), ids[index]!);
        itemCount++;
      }
    },
    policy: (code) => maps.policy.get(code)!,
    diagnosis: (code) => maps.diagnosis.get(code)!,
    doctor: (code) => (code === '' ? null : maps.doctor.get(code)!),
    letter: (code) => (code === '' ? null : maps.letter_ref.get(code)!),
    item: (clinicId, itemCode) => items.get(clinicId)!.get(itemCode)!,
  };
}
