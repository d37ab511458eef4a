import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackFile } from '../../models/review/from-files';
import type { ShadowSums } from '../../models/shadow-run/sums';
import type { TestApi, TestCaller } from './api';
import { readCsv } from './open-world';
import { OPEN_WORLD } from './review-house';
import { until } from './until';

/** The people of a rule change: who writes it, who looks at it, who puts it in force. */
export interface LibraryDesk {
  readonly author: TestCaller;
  readonly second: TestCaller;
  readonly lead: TestCaller;
}

export async function openLibraryDesk(api: TestApi): Promise<LibraryDesk> {
  return {
    author: await api.as('medical-expert', { fullName: 'Орлова Анна Сергеевна' }),
    second: await api.as('medical-expert', { fullName: 'Соколов Пётр Ильич' }),
    lead: await api.as('lead-expert', { fullName: 'Ким Ольга Андреевна' }),
  };
}

export function openPack(): PackFile {
  return JSON.parse(readFileSync(join(OPEN_WORLD, 'guidelines.json'), 'utf8')) as PackFile;
}

/** The pack with every interval of one guideline changed from `from` to `to` days, under a new version. */
export function withInterval(pack: PackFile, change: { guideline: string; from: number; to: number; version: string }) {
  const copy = structuredClone(pack);
  const services = copy.guidelines.find((guideline) => guideline.id === change.guideline)!.services;
  for (const service of services) if (service.min_interval_days === change.from) service.min_interval_days = change.to;
  return { ...copy, version: change.version };
}

/** Runs a version over the last months through the API and waits for its result. */
export async function shadowResult(
  caller: TestCaller,
  kind: string,
  candidateId: string,
  months = 24,
): Promise<ShadowSums> {
  const started = await caller.post('/v1/shadow-runs', { kind, candidateId, months });
  expect(started.status).toBe(202);
  return finishedRun(caller, started.body.runId as string);
}

export async function finishedRun(caller: TestCaller, runId: string): Promise<ShadowSums> {
  const read = async () => (await caller.get(`/v1/shadow-runs/${runId}`)).body as { state: string; result: ShadowSums };
  await until(async () => ['done', 'failed', 'cancelled'].includes((await read()).state), 120_000);
  const run = await read();
  expect(run.state).toBe('done');
  return run.result;
}

/** Waits for the re-review that follows a step; null when no line was concerned. */
export async function activated(
  caller: TestCaller,
  path: string,
  of: string,
): Promise<{ batchId: string; decidedLinesListed: number }> {
  const read = async () => (await caller.get(`${path}/activation?of=${of}`)).body;
  await until(async () => (await read()).state === 'done', 120_000);
  return read();
}

interface Billed {
  readonly key: string;
  readonly policy: string;
  readonly date: string;
  readonly diagnosis: string;
  readonly service: string;
  readonly gap: number;
}

/**
 * FREQ-02 counted by hand from the files of the open world and the sentence of formats.md, with nothing of the product:
 * the check on what a shadow run answers. `duplicates`: lines with a DUPL finding get none.
 */
export function countEarlyRepeats(pack: PackFile, duplicates: ReadonlySet<string>): Set<string> {
  const births = new Map(readCsv(join(OPEN_WORLD, 'insured.csv')).map((row) => [row.policy_no!, row.birth_date!]));
  const found = new Set<string>();
  for (const line of repeats()) {
    const birth = births.get(line.policy);
    if (birth === undefined || duplicates.has(line.key)) continue;
    const age =
      Number(line.date.slice(0, 4)) - Number(birth.slice(0, 4)) - (line.date.slice(5) < birth.slice(5) ? 1 : 0);
    const intervals = pack.guidelines
      .filter((one) => one.valid_from <= line.date && (one.valid_to === null || line.date <= one.valid_to))
      .filter((one) => one.diagnoses.some((prefix) => line.diagnosis.startsWith(prefix)))
      .filter((one) => (one.age_from ?? 0) <= age && age <= (one.age_to ?? 999))
      .flatMap((one) => one.services.filter(({ service }) => line.service.startsWith(service)))
      .map((service) => service.min_interval_days ?? 0);
    if (intervals.length > 0 && line.gap < Math.min(...intervals)) found.add(line.key);
  }
  return found;
}

/** Every line that repeats an earlier one of its person and service, with the days between. */
function repeats(): Billed[] {
  const prices = new Map<string, { from: string; to: string; service: string }[]>();
  for (const row of readCsv(join(OPEN_WORLD, 'price-items.csv'))) {
    const key = `${row.clinic_code}/${row.item_code}`;
    const period = { from: row.valid_from!, to: row.valid_to || '9999', service: row.service_code! };
    prices.set(
      key,
      [...(prices.get(key) ?? []), period].sort((a, b) => (a.from < b.from ? 1 : -1)),
    );
  }
  const groups = new Map<string, { order: string; line: Omit<Billed, 'gap'> }[]>();
  for (const row of readCsv(join(OPEN_WORLD, 'invoices.csv'))) {
    const date = row.service_date!;
    const periods = prices.get(`${row.clinic_code}/${row.item_code}`) ?? [];
    const service = periods.find((period) => period.from <= date && date <= period.to)?.service ?? '';
    if (service === '') continue;
    const key = `${row.clinic_code}|${row.invoice_no}|${row.line_no}`;
    const order = [date, row.clinic_code, row.invoice_no, row.line_no!.padStart(6, '0')].join(' ');
    const group = `${row.policy_no}/${service}`;
    const line = { key, policy: row.policy_no!, date, diagnosis: row.diagnosis_code!, service };
    groups.set(group, [...(groups.get(group) ?? []), { order, line }]);
  }
  return [...groups.values()].flatMap((group) => {
    const lines = group.sort((a, b) => (a.order < b.order ? -1 : 1)).map(({ line }) => line);
    return lines.slice(1).map((line, i) => ({ ...line, gap: daysBetween(lines[i]!.date, line.date) }));
  });
}

function daysBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 86_400_000;
}
