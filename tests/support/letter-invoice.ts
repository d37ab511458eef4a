import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeRegistry } from '../../activities/intake/take-registry';
import type { Pool } from '../../prisma/pool';
import { registerImportFile } from '../../prisma/repositories/import-files';
import { addDays } from './dates';
import { DIAGNOSIS } from './letter-person';
import type { LetterPerson } from './letter-person';

/** Takes in a registry with one line of the person's service that cites a letter; nothing is reviewed yet. */
export async function takeOneLine(
  pool: Pool,
  person: LetterPerson,
  line: { serviceDate: string; letterNo: string; quantity?: number; diagnosisCode?: string; invoiceNo?: string },
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'medex-invoice-'));
  const file = join(dir, 'invoices.csv');
  const { quantity = 1, diagnosisCode = DIAGNOSIS, invoiceNo = `L-${randomUUID().slice(0, 8)}` } = line;
  const roubles = (kopecks: number): string => (kopecks / 100).toFixed(2);
  const percent = await pool.query<{ percent: number }>(
    `SELECT g.franchise_percent::float8 AS percent FROM letter_request r JOIN programme g ON g.id = r.programme_id
     WHERE r.policy_id = $1 LIMIT 1`,
    [person.policyId],
  );
  const amount = person.priceKopecks * quantity;
  const share = Math.round((amount * percent.rows[0]!.percent) / 100);
  await writeFile(
    file,
    'clinic_code,invoice_no,invoice_date,line_no,policy_no,service_date,diagnosis_code,item_code,item_name,quantity,' +
      'unit_price_rub,amount_rub,patient_share_rub,doctor_id,tooth,letter_no,episode_no\n' +
      `${person.clinicCode},${invoiceNo},${addDays(line.serviceDate, 1)},1,${person.policyNo},` +
      `${line.serviceDate},${diagnosisCode},${person.itemCode},УЗИ,${quantity},${roubles(person.priceKopecks)},` +
      `${roubles(amount)},${roubles(share)},,,${line.letterNo},\n`,
  );
  const sha256 = randomUUID().replaceAll('-', '').repeat(2);
  const draft = { id: randomUUID(), kind: 'invoices', fileName: 'invoices.csv', sha256, bytes: 1 };
  const { file: registered } = await registerImportFile(pool, { ...draft, clinicId: null, receivedBy: null });
  await takeRegistry({ pool }, { fileId: registered.id, path: file, clinicId: null });
  await rm(dir, { recursive: true });
}
