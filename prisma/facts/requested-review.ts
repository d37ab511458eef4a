import { dayNumber } from '../../models/calendar';
import { answerTexts } from '../../models/letters/texts';
import type { LetterFinding } from '../../models/letters/types';
import { textForClinic } from '../../models/review/catalogue/for-clinic';
import type { CompiledReference } from '../../models/review/compile';
import { describeFindings } from '../../models/review/findings';
import { sortLineTable } from '../../models/review/line-order';
import { reviewPersons } from '../../models/review/scopes';
import { createLineTable, isFdiTooth, NONE, NOT_BILLED, NO_LETTER } from '../../models/review/table';
import type { LineTable } from '../../models/review/table';
import type { Queryable } from '../pool';
import { createTextCache, readSubjects } from '../repositories/chunk-subjects';
import { readHistory } from '../repositories/person-history';
import type { HistoryLine } from '../repositories/person-history';
import type { ReferenceSnapshot } from '../repositories/reference-snapshot';
import type { LineToReview, ReviewRequested } from './letter-facts';

/** How far back a rule may look: pairs, intervals and primary visits reach at most a year and a month. */
const LOOK_BACK_DAYS = 400;

export interface CompiledSnapshot {
  readonly snapshot: ReferenceSnapshot;
  readonly compiled: CompiledReference;
}

/**
 * Reviews lines that are only asked for with the engine and rules of invoice review: they stand in the person's real
 * history as if they were billed on the first day of their period, so letters and invoices are judged alike.
 */
export function createLetterReview(current: (db: Queryable) => Promise<CompiledSnapshot>): ReviewRequested {
  const diagnoses = new WeakMap<ReferenceSnapshot, Map<string, number>>();
  return async (db, { policyId, clinicId, lines }) => {
    const { snapshot, compiled } = await current(db);
    let diagnosisAt = diagnoses.get(snapshot);
    if (diagnosisAt === undefined) {
      diagnosisAt = new Map(snapshot.reference.diagnoses.map((diagnosis, place) => [diagnosis.code, place]));
      diagnoses.set(snapshot, diagnosisAt);
    }
    const found: LetterFinding[][] = lines.map((line) =>
      diagnosisAt.has(line.diagnosisCode) ? [] : [unknownDiagnosis(line)],
    );
    if (policyId === null) return found;
    const first = Math.min(...lines.map((line) => dayNumber(line.date)));
    const history = await readHistory(db, policyId, first - LOOK_BACK_DAYS);
    const read = await readSubjects(db, {
      policyIds: [policyId],
      letterIds: [],
      doctorIds: [],
      versionIds: [],
      snapshot,
      texts: createTextCache(),
    });
    const table = tableOf({ history, lines, clinicId, snapshot, diagnosisAt });
    const result = reviewPersons({
      compiled,
      subjects: read.subjects,
      table: sortLineTable(table, compiled.clinics.rank),
    });
    const clinicCode = compiled.source.clinics[snapshot.clinicAt[clinicId] ?? NONE]?.code ?? '';
    for (const finding of describeFindings(result)) {
      found[finding.lineId]!.push({
        code: finding.code,
        // Answers quote the text to the clinic that asks; a doctor finds the other clinic's line among the values.
        text: textForClinic(finding.explanation, finding.evidence, clinicCode),
        guidelineId: finding.guidelineId,
        clause: finding.clause,
        values: finding.evidence,
      });
    }
    return found;
  };
}

function tableOf(input: {
  history: readonly HistoryLine[];
  lines: readonly LineToReview[];
  clinicId: number;
  snapshot: ReferenceSnapshot;
  diagnosisAt: ReadonlyMap<string, number>;
}): LineTable {
  const { history, lines, snapshot } = input;
  const teeth: string[] = [];
  const invoices: { no: string; day: number }[] = [];
  const table = createLineTable(history.length + lines.length);
  const toothOf = (text: string | null): number => {
    if (text === null || text === '') return NONE;
    const place = teeth.indexOf(text);
    return place >= 0 ? place : teeth.push(text) - 1;
  };
  history.forEach((line, row) => {
    table.clinic[row] = snapshot.clinicAt[line.clinicId] ?? NONE;
    table.invoice[row] = invoices.push({ no: line.invoiceNo, day: line.invoiceDay }) - 1;
    table.lineNo[row] = line.lineNo;
    table.serviceDay[row] = line.serviceDay;
    table.diagnosis[row] = snapshot.diagnosisAt[line.diagnosisId] ?? NONE;
    table.item[row] = snapshot.itemAt[line.clinicItemId] ?? NONE;
    table.quantity[row] = line.quantity;
    table.unitPrice[row] = line.unitPrice;
    table.amount[row] = line.amount;
    table.patientShare[row] = line.patientShare;
    table.tooth[row] = toothOf(line.tooth);
    table.lineId[row] = NONE;
    table.review[row] = 0;
  });
  lines.forEach((line, place) => {
    const row = history.length + place;
    const day = dayNumber(line.date);
    table.lineId[row] = place;
    table.clinic[row] = snapshot.clinicAt[input.clinicId] ?? NONE;
    // What is asked for comes after what was billed on the day.
    table.invoice[row] = invoices.push({ no: `${NOT_BILLED}${place}`, day }) - 1;
    table.lineNo[row] = line.lineNo;
    table.serviceDay[row] = day;
    table.diagnosis[row] = input.diagnosisAt.get(line.diagnosisCode) ?? NONE;
    table.item[row] = line.clinicItemId === null ? NONE : (snapshot.itemAt[line.clinicItemId] ?? NONE);
    table.quantity[row] = line.quantity;
    table.unitPrice[row] = line.unitPrice ?? 0;
    table.amount[row] = (line.unitPrice ?? 0) * line.quantity;
    table.tooth[row] = toothOf(line.tooth);
  });
  table.person.fill(0);
  table.letter.fill(NO_LETTER);
  return Object.assign(table, {
    invoices: { no: invoices.map(({ no }) => no), dateDay: Int32Array.from(invoices, ({ day }) => day) },
    teeth: { text: teeth, validTooth: Uint8Array.from(teeth, (text) => (isFdiTooth(text) ? 1 : 0)) },
  });
}

function unknownDiagnosis(line: LineToReview): LetterFinding {
  const text = answerTexts.unknownDiagnosis(line.diagnosisCode);
  return { code: 'CLIN-02', text, guidelineId: null, clause: null, values: { diagnosisCode: line.diagnosisCode } };
}
