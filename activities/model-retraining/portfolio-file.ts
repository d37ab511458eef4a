import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { csvLine } from '../../models/exchange/csv-writer';
import type { Factor } from '../../models/underwriting/catalogue';
import { createPortfolioChecks } from '../../models/quotes/portfolio-checks';
import type { DataCheck } from '../../models/quotes/portfolio-checks';
import type { Queryable } from '../../prisma/pool';
import { portfolioPages } from '../../prisma/repositories/portfolio';

export interface PortfolioFile {
  readonly rows: number;
  readonly years: readonly number[];
  readonly sha256: string;
  readonly checks: readonly DataCheck[];
}

const CODES: ReadonlySet<number> = new Set([0, 1]);

/** Writes the portfolio as the file that a training reads, checks it on the way; the file appears whole or not at all. */
export async function writePortfolioFile(
  db: Queryable,
  factors: readonly Factor[],
  path: string,
  onPage: () => void = () => undefined,
): Promise<PortfolioFile> {
  await mkdir(dirname(path), { recursive: true });
  const checks = createPortfolioChecks(factors);
  const hash = createHash('sha256');
  const codes = factors.map(({ code }) => code);
  async function* lines(): AsyncGenerator<string> {
    const head = csvLine(['contract_no', 'clinic_code', 'year', 'payout_rub', 'person_years', ...codes]);
    hash.update(head);
    yield head;
    for await (const page of portfolioPages(db)) {
      const text = page
        .map((row) => {
          checks.add(row);
          const keys = [row.contractNo, row.clinicCode, row.year, row.payoutKopecks / 100, row.personYears];
          return csvLine([...keys, ...codes.map((code) => row.factors[code] ?? null)], CODES);
        })
        .join('');
      hash.update(text);
      onPage();
      yield text;
    }
  }
  await pipeline(lines, createWriteStream(`${path}.part`));
  await rename(`${path}.part`, path);
  return { ...checks.end(), sha256: hash.digest('hex') };
}

/** Hash of a file that is there; null when it is not. */
export async function fileSha256(path: string): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
    return hash.digest('hex');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
