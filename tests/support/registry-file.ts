import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from '../../prisma/pool';
import { INVOICES } from '../../models/exchange/formats';
import { upsertClinics } from '../../prisma/repositories/reference';

export const REGISTRY_COLUMNS = INVOICES.columns.map((one) => one.name);

const LINE: Readonly<Record<string, string>> = {
  clinic_code: 'C01',
  invoice_no: '2509-1',
  invoice_date: '2025-09-21',
  line_no: '1',
  policy_no: '50000001',
  service_date: '2025-09-01',
  diagnosis_code: 'Z00.0',
  item_code: '823',
  item_name: 'УЗИ органов',
  quantity: '1',
  unit_price_rub: '100.00',
  amount_rub: '100.00',
  patient_share_rub: '0.00',
  doctor_id: 'D0074',
  tooth: '',
  letter_no: '',
  episode_no: 'E1',
};

/** Values of columns that differ from those of the model line. */
export type LineChanges = Readonly<Record<string, string | number | undefined>>;

/** One line of a registry as CSV; a value that is quoted already stays as it is. */
export function registryLine(changes: LineChanges = {}): string {
  const cells = REGISTRY_COLUMNS.map((name) => String(changes[name] ?? LINE[name] ?? ''));
  return cells.map((cell) => (cell.includes(',') && !cell.startsWith('"') ? `"${cell}"` : cell)).join(',');
}

/** A registry with a header and these lines. */
export function registryText(lines: readonly LineChanges[]): string {
  return [REGISTRY_COLUMNS.join(','), ...lines.map(registryLine)].join('\n') + '\n';
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'medex-registry-'));
}

export function saveText(folder: string, name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Clinics C01, C02, … for registries to refer to. Returns their ids by code. */
export async function addClinics(pool: Pool, codes: readonly string[]): Promise<Map<string, number>> {
  await upsertClinics(
    pool,
    codes.map((clinicCode) => ({
      clinicCode,
      name: `Клиника ${clinicCode}`,
      city: 'Москва',
      level: 3,
      latitude: null,
      longitude: null,
      paymentMode: 'fee-for-service' as const,
      openSunday: false,
      billingTermDays: 30,
      hub: 'Москва',
    })),
  );
  const rows = await pool.query<{ id: number; code: string }>('SELECT id, code FROM clinic');
  return new Map(rows.rows.map((row) => [row.code, row.id]));
}
