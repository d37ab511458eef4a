import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { parse } from 'csv-parse/sync';
import { parseDay } from '../../models/exchange/dates';
import { seededRandom } from '../../models/fraud/math';
import { rulesOf, type RulePack } from '../../models/fraud/reference';
import { createMemorySpools } from '../../models/fraud/spool';
import { COMMENT_NEUTRAL, COMMENT_NOT_RENDERED, COMMENT_UPCODING } from '../../models/fraud/types';
import { createWorld, type FraudWorld, type WorldLine } from '../../models/fraud/world';
import { answerVisits } from './fraud-replanted-answers';

export type PlantKind = 'phantom-clinic' | 'phantom-doctor' | 'upcoding-doctor' | 'upcoding-clinic';

export interface Replanting {
  readonly seed: number;
  readonly schemes: readonly PlantKind[];
  /** Doctors with at least this many consultations and clinics with five times as many may be guilty. */
  readonly busy?: number;
  /** Lines of a phantom scheme: `added` to what was billed, or existing ones `declared` invented. */
  readonly how?: 'added' | 'declared';
  /** Share of visits that answer. */
  readonly answered?: number;
}

export interface RowOfWorld extends WorldLine {
  readonly kind: string;
  readonly service: string;
  readonly minutes: number;
  phantom: boolean;
  upcoded: boolean;
}

export interface PlantedScheme {
  readonly clinic: string;
  /** Empty: the clinic as a whole. */
  readonly doctor: string;
  readonly scheme: 'phantom' | 'upcoding';
}

export interface ReplantedWorld {
  readonly world: FraudWorld;
  readonly planted: readonly PlantedScheme[];
  /** By order of arrival. */
  readonly phantom: readonly boolean[];
}

type Row = Record<string, string>;
const DEMO = path.join(__dirname, '..', '..', 'demo', 'world');
const TRUTH = path.join(__dirname, '..', 'fixtures', 'open-world');
const table = (folder: string, name: string): Row[] =>
  parse(readFileSync(path.join(folder, name)), { columns: true, bom: true });

let cached: ReturnType<typeof readDemo> | undefined;

/** The demo world without what was planted into it: its invented lines left out, its answers forgotten. */
function readDemo() {
  const services = new Map(table(DEMO, 'nomenclature.csv').map((row) => [row['service_code']!, row]));
  const prices = table(DEMO, 'price-items.csv');
  const itemService = new Map(prices.map((row) => [`${row['clinic_code']}|${row['item_code']}`, row['service_code']!]));
  const key = (row: Row): string => `${row['clinic_code']}|${row['invoice_no']}|${row['line_no']}`;
  const invented = new Set(table(TRUTH, 'phantom-truth.csv').map(key));
  const rows = table(DEMO, 'invoices.csv').filter((row) => !invented.has(key(row)));
  const lines = rows.map((row): RowOfWorld => {
    const service = itemService.get(`${row['clinic_code']}|${row['item_code']}`) ?? '';
    return {
      clinicCode: row['clinic_code']!,
      invoiceNo: row['invoice_no']!,
      lineNo: Number(row['line_no']),
      policyNo: row['policy_no']!,
      serviceDay: parseDay(row['service_date']!),
      diagnosisCode: row['diagnosis_code']!,
      itemCode: row['item_code']!,
      quantity: Number(row['quantity']),
      amountKopecks: Math.round(Number(row['amount_rub']) * 100),
      patientShareKopecks: Math.round(Number(row['patient_share_rub']) * 100),
      doctorId: row['doctor_id']!,
      episodeNo: row['episode_no']!,
      kind: services.get(service)?.['kind'] ?? '',
      service,
      minutes: Number(services.get(service)?.['minutes'] || 0),
      phantom: false,
      upcoded: false,
    };
  });
  const pack = JSON.parse(readFileSync(path.join(DEMO, 'guidelines.json'), 'utf8')) as RulePack;
  return { services, prices, lines, pack };
}

/** The demo world with other schemes planted into it and all answers given anew. */
export function replant(options: Replanting): ReplantedWorld {
  const demo = (cached ??= readDemo());
  const random = seededRandom(options.seed * 6271 + 5);
  const lines = demo.lines.map((line) => ({ ...line }));
  const planted = plant(lines, options, random);
  const reference = createWorld(rulesOf([demo.pack]));
  for (const [code, row] of demo.services) {
    reference.service({
      serviceCode: code,
      kind: row['kind']!,
      specialty: row['specialty'] || null,
      minutes: Number(row['minutes'] || 0),
    });
  }
  for (const row of demo.prices) {
    reference.price({
      clinicCode: row['clinic_code']!,
      itemCode: row['item_code']!,
      serviceCode: row['service_code']!,
      validFrom: parseDay(row['valid_from']!),
      validTo: row['valid_to'] === '' ? null : parseDay(row['valid_to']!),
    });
  }
  const meaning: Record<string, number> = { invented: COMMENT_NOT_RENDERED, hurried: COMMENT_UPCODING };
  const writer = reference.open(createMemorySpools(), (text) => meaning[text] ?? COMMENT_NEUTRAL);
  for (const line of lines) writer.line(line);
  for (const answer of answerVisits(lines, options.answered ?? 0.29, random)) writer.answer(answer);
  return { world: writer.finish(), planted, phantom: lines.map((line) => line.phantom) };
}

function plant(lines: RowOfWorld[], options: Replanting, random: () => number): PlantedScheme[] {
  const busy = options.busy ?? 25;
  const consultations = new Map<string, number>();
  const clinicConsultations = new Map<string, number>();
  const bump = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);
  for (const line of lines) {
    if (line.kind !== 'consultation' || line.doctorId === '') continue;
    bump(consultations, `${line.clinicCode}|${line.doctorId}`);
    bump(clinicConsultations, line.clinicCode);
  }
  const over = (map: Map<string, number>, least: number): string[] =>
    [...map].flatMap(([key, count]) => (count >= least ? [key] : [])).sort();
  const doctors = over(consultations, busy);
  const clinics = over(clinicConsultations, busy * 5);
  const planted: PlantedScheme[] = [];
  for (const kind of options.schemes) {
    const free = (kind.endsWith('clinic') ? clinics : doctors).filter(
      (key) => !planted.some(({ clinic }) => clinic === key.split('|')[0]),
    );
    if (free.length === 0) continue;
    const [clinic, doctor = ''] = free[Math.floor(random() * free.length)]!.split('|');
    const inScope = (line: RowOfWorld): boolean => line.clinicCode === clinic && line.episodeNo !== '';
    const leads = new Map<string, string>();
    for (const line of lines) {
      if (inScope(line) && line.kind === 'consultation' && !leads.has(line.episodeNo)) {
        leads.set(line.episodeNo, line.doctorId);
      }
    }
    const mine = lines.filter((line) => inScope(line) && (doctor === '' || leads.get(line.episodeNo) === doctor));
    if (kind.startsWith('phantom')) {
      const share = doctor === '' ? 0.12 + 0.13 * random() : 0.2 + 0.15 * random();
      if (options.how === 'declared') declare(mine, share, random);
      else addInvented(lines, mine, leads, share, random);
    } else {
      const share = doctor === '' ? 0.3 + 0.25 * random() : 0.45 + 0.25 * random();
      for (const line of mine) if (line.kind === 'consultation' && random() < share) line.upcoded = true;
    }
    planted.push({ clinic: clinic!, doctor, scheme: kind.startsWith('phantom') ? 'phantom' : 'upcoding' });
  }
  return planted;
}

const isPrimary = (line: RowOfWorld): boolean => line.kind === 'consultation' && line.service.endsWith('.001');

function declare(mine: readonly RowOfWorld[], share: number, random: () => number): void {
  for (const line of mine) if (!isPrimary(line) && random() < share) line.phantom = true;
}

/** Half of the invented lines stand on days when the patient was there, half on days of their own. */
function addInvented(
  all: RowOfWorld[],
  mine: readonly RowOfWorld[],
  leads: ReadonlyMap<string, string>,
  share: number,
  random: () => number,
): void {
  const first = new Map<string, RowOfWorld>();
  const last = new Map<string, number>();
  for (const line of all) last.set(line.invoiceNo, Math.max(last.get(line.invoiceNo) ?? 0, line.lineNo));
  for (const line of mine) if (!first.has(line.episodeNo)) first.set(line.episodeNo, line);
  const models = mine.filter((line) => !isPrimary(line) && line.service !== '');
  if (models.length === 0) return;
  for (const line of mine) {
    if (random() >= share / (1 - share)) continue;
    const alike = models.filter((model) => model.diagnosisCode.slice(0, 3) === line.diagnosisCode.slice(0, 3));
    const pool = alike.length > 0 ? alike : models;
    const model = pool[Math.floor(random() * pool.length)]!;
    const start = first.get(line.episodeNo)!;
    const elsewhere = ['imaging', 'physio'].includes(model.kind);
    const lineNo = last.get(line.invoiceNo)! + 1;
    last.set(line.invoiceNo, lineNo);
    all.push({
      ...line,
      itemCode: model.itemCode,
      kind: model.kind,
      service: model.service,
      minutes: model.minutes,
      amountKopecks: model.amountKopecks,
      patientShareKopecks: model.patientShareKopecks,
      quantity: 1,
      lineNo,
      doctorId: elsewhere ? model.doctorId : (leads.get(line.episodeNo) ?? line.doctorId),
      serviceDay: random() < 0.5 ? line.serviceDay : start.serviceDay + 1 + Math.floor(random() * 20),
      phantom: true,
      upcoded: false,
    });
  }
}
