import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import type { ServiceKind } from '../service-kinds';
import type { CodeDictionary } from './dictionary';
import { codeList } from './dictionary';
import type { ControlType, FindingGround, OfficialGround } from './grounds';
import { parseF006, parseF014, parseFindingGrounds } from './grounds';
import type { DiagnosisEntry } from './icd10';
import { parseIcd10 } from './icd10';
import type { NomenclatureRow } from './nomenclature';

/** Where the name of a shipped service comes from (data/nomenclature/NOTICE.md). */
export type NameSource = '804n' | '804n-unchecked' | 'working';

export interface ShippedService extends NomenclatureRow {
  readonly nameSource: NameSource;
}

/** The library's files, read from the product's `data` folder. The pack is left unchecked: `checkPack` is for that. */
export interface ShippedLibrary {
  readonly services: readonly ShippedService[];
  readonly diagnoses: readonly DiagnosisEntry[];
  readonly dictionary: CodeDictionary;
  readonly pack: unknown;
  readonly f014: readonly OfficialGround[];
  readonly f006: readonly ControlType[];
  readonly findingGrounds: readonly FindingGround[];
}

export function loadShippedLibrary(dataDir: string): ShippedLibrary {
  const text = (...parts: string[]) => readFileSync(path.join(dataDir, ...parts), 'utf8');
  const services = shippedServices(text('nomenclature', 'nomenclature.csv'), text('nomenclature', 'sources.csv'));
  const diagnoses = parseIcd10(text('icd10', 'mkb10.csv'));
  return {
    services,
    diagnoses,
    dictionary: { services: codeList(services), diagnoses: codeList(diagnoses) },
    pack: JSON.parse(text('library', 'guidelines.json')) as unknown,
    f014: parseF014(text('ffoms', 'F014_denial_reasons.csv')),
    f006: parseF006(text('ffoms', 'F006_control_types.csv')),
    findingGrounds: parseFindingGrounds(text('ffoms', 'finding-grounds.csv')),
  };
}

function shippedServices(table: string, sources: string): ShippedService[] {
  const read = (text: string) => parse(text, { columns: true, bom: true }) as Record<string, string>[];
  const sourceOf = new Map(read(sources).map((row) => [row.service_code!, row.name_source as NameSource]));
  return read(table).map((row) => ({
    code: row.service_code!,
    name: row.name!,
    kind: row.kind as ServiceKind,
    specialty: row.specialty === '' ? null : row.specialty!,
    minutes: row.minutes === '' ? null : Number(row.minutes),
    nameSource: sourceOf.get(row.service_code!) ?? 'working',
  }));
}
