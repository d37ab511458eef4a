import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Factor } from '../../models/underwriting/catalogue';
import { numbersOf, textAt } from '../../models/underwriting/table';
import { readTableFile } from '../../models/underwriting/table-file';
import { toKopecks } from '../../models/quotes/kopecks';
import { packageRoot } from '../../prisma/files';
import type { Pool } from '../../prisma/pool';
import { hasPortfolio, putPortfolioRows } from '../../prisma/repositories/portfolio';

const folder = (): string => join(packageRoot(), 'data', 'underwriting');
const PART = 2_000;

/** Puts the portfolio that ships into an installation that has none yet, so that its model can be judged and priced with. */
export async function loadShippedPortfolio(pool: Pool, factors: readonly Factor[], onPart: () => void): Promise<void> {
  if (await hasPortfolio(pool)) return;
  const table = readTableFile(join(folder(), 'portfolio.csv.gz'));
  const columns = factors.map(({ code }) => ({ code, values: numbersOf(table, code) }));
  const [year, payout, exposure] = ['year', 'payout_rub', 'person_years'].map((name) => numbersOf(table, name));
  for (let from = 0; from < table.rows; from += PART) {
    const rows = Array.from({ length: Math.min(PART, table.rows - from) }, (_, i) => {
      const row = from + i;
      const filled = columns.filter(({ values }) => !Number.isNaN(values[row]!));
      return {
        contractNo: textAt(table, 'contract_no', row),
        clinicCode: textAt(table, 'clinic_code', row),
        year: year![row]!,
        payoutKopecks: toKopecks(payout![row]!),
        personYears: exposure![row]!,
        factors: Object.fromEntries(filled.map(({ code, values }) => [code, values[row]!])),
      };
    });
    await putPortfolioRows(pool, rows);
    onPart();
  }
}

/** The model that ships takes the challenger's place: it goes through the same gate and the same four eyes. */
export async function copyShippedModel(into: string): Promise<void> {
  await mkdir(into, { recursive: true });
  for (const name of ['model.json', 'model.bin', 'model-card.md'])
    await copyFile(join(folder(), 'model', name), join(into, name));
}
