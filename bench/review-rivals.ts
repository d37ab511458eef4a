import { ZenEngine } from '@gorules/zen-engine';
import { Engine } from 'json-rules-engine';
import type { Review } from '../models/review/rule';
import { isSunday } from '../models/review/days';
import { hasBit } from '../models/review/prefixes';
import { ruleOfCode } from '../models/review/registry';

/**
 * The same sixteen rules for three engines. The rivals get every line as a flat object with the history already
 * summed up (previous line, duplicates, running totals, price in force), and making these objects is not timed: our
 * engine has to work all that out from raw columns within its time.
 */
export const COMPARED_CODES = [
  'ELIG-01',
  'ELIG-02',
  'ELIG-03',
  'ELIG-06',
  'AUTH-03',
  'PRIC-01',
  'PRIC-02',
  'PRIC-03',
  'PRIC-04',
  'LIMI-02',
  'LIMI-03',
  'DUPL-01',
  'FREQ-02',
  'CLIN-02',
  'PLAU-01',
  'PLAU-04',
] as const;

export type Facts = Record<string, string | number | boolean>;
export type Hit = { row: number; code: string };

/** One flat object per row. */
export function factsOf(review: Review): Facts[] {
  return Array.from({ length: review.table.rows }, (_, row) => flatFacts(review, row));
}

function flatFacts(review: Review, row: number): Facts {
  const { table, compiled, subjects, lines, cover, history } = review;
  const values = (code: string) => ruleOfCode(code)!.values(review, row);
  const programme = cover.programme[row]!;
  const enrolled = programme >= 0;
  const letter = table.letter[row]!;
  const period = lines.period[row]!;
  const clinic = table.clinic[row]!;
  const interval = values('FREQ-02');
  const day = table.serviceDay[row]!;
  return {
    policyKnown: subjects.persons.known[table.person[row]!] === 1,
    enrolled,
    clinicInProgramme: enrolled && hasBit(compiled.cover.clinics, programme, clinic),
    serviceDay: day,
    coveredFromDay: enrolled
      ? subjects.enrolments.fromDay[cover.enrolment[row]!]! + compiled.cover.waitingDays[programme]!
      : 0,
    letterKnown: letter >= 0,
    letterFromDay: letter >= 0 ? subjects.letters.fromDay[letter]! : 0,
    letterToDay: letter >= 0 ? subjects.letters.toDay[letter]! : 0,
    hasPrice: period >= 0,
    contractPrice: period >= 0 ? compiled.prices.price[period]! : 0,
    unitPrice: table.unitPrice[row]!,
    amount: table.amount[row]!,
    product: table.quantity[row]! * table.unitPrice[row]!,
    capitation: compiled.source.clinics[clinic]!.paymentMode === 'capitation',
    kind: compiled.source.services[lines.service[row]!]?.kind ?? '',
    hasAnnualLimit: enrolled && compiled.cover.annualLimit[programme] !== Infinity,
    annualLimit:
      enrolled && compiled.cover.annualLimit[programme] !== Infinity ? compiled.cover.annualLimit[programme]! : 0,
    shareTotal: cover.shareTotal[row]!,
    patientShare: table.patientShare[row]!,
    expectedShare: enrolled ? Number(values('LIMI-03').expectedShareKopecks) : 0,
    duplicate: history.duplicate[row]! >= 0,
    duplicateElsewhere: history.duplicateElsewhere[row]! >= 0,
    repeated: interval.daysSince !== null && interval.minDays !== null,
    daysSince: Number(interval.daysSince ?? 0),
    minDays: Number(interval.minDays ?? 0),
    diagnosisBillable: table.diagnosis[row]! >= 0 && compiled.diagnosisBillable[table.diagnosis[row]!] === 1,
    invoiceDay: table.invoices.dateDay[table.invoice[row]!]!,
    closedThatDay: isSunday(day) && compiled.clinics.openSunday[clinic] === 0,
    lastBillingDay: day + compiled.clinics.billingTermDays[clinic]!,
  };
}

interface Condition {
  fact: string;
  operator: string;
  value: unknown;
}

const is = (fact: string, value: boolean): Condition => ({ fact, operator: 'equal', value });
const than = (fact: string, operator: string, other: string): Condition => ({ fact, operator, value: { fact: other } });

const JSON_RULES: Record<string, { all: Condition[] } | { any: Condition[] } | { all: unknown[] }> = {
  'ELIG-01': { all: [is('policyKnown', false)] },
  'ELIG-02': { all: [is('policyKnown', true), is('enrolled', false)] },
  'ELIG-03': { all: [is('enrolled', true), is('clinicInProgramme', false)] },
  'ELIG-06': { all: [is('enrolled', true), than('serviceDay', 'lessThan', 'coveredFromDay')] },
  'AUTH-03': {
    all: [
      is('letterKnown', true),
      { any: [than('serviceDay', 'lessThan', 'letterFromDay'), than('serviceDay', 'greaterThan', 'letterToDay')] },
    ],
  },
  'PRIC-01': { all: [is('hasPrice', false)] },
  'PRIC-02': { all: [is('hasPrice', true), than('unitPrice', 'greaterThan', 'contractPrice')] },
  'PRIC-03': { all: [than('amount', 'notEqual', 'product')] },
  'PRIC-04': {
    all: [is('capitation', true), { fact: 'kind', operator: 'notIn', value: ['', 'inpatient', 'surgery', 'dental'] }],
  },
  'LIMI-02': { all: [is('hasAnnualLimit', true), than('shareTotal', 'greaterThan', 'annualLimit')] },
  'LIMI-03': { all: [is('enrolled', true), than('patientShare', 'notEqual', 'expectedShare')] },
  'DUPL-01': { all: [is('duplicate', true)] },
  'FREQ-02': {
    all: [
      is('repeated', true),
      is('duplicate', false),
      is('duplicateElsewhere', false),
      than('daysSince', 'lessThan', 'minDays'),
    ],
  },
  'CLIN-02': { all: [is('diagnosisBillable', false)] },
  'PLAU-01': { any: [than('serviceDay', 'greaterThan', 'invoiceDay'), is('closedThatDay', true)] },
  'PLAU-04': { all: [than('invoiceDay', 'greaterThan', 'lastBillingDay')] },
};

const ZEN_RULES: Record<string, string> = {
  'ELIG-01': 'policyKnown == false',
  'ELIG-02': 'policyKnown == true and enrolled == false',
  'ELIG-03': 'enrolled == true and clinicInProgramme == false',
  'ELIG-06': 'enrolled == true and serviceDay < coveredFromDay',
  'AUTH-03': 'letterKnown == true and (serviceDay < letterFromDay or serviceDay > letterToDay)',
  'PRIC-01': 'hasPrice == false',
  'PRIC-02': 'hasPrice == true and unitPrice > contractPrice',
  'PRIC-03': 'amount != product',
  'PRIC-04': 'capitation == true and kind not in ["", "inpatient", "surgery", "dental"]',
  'LIMI-02': 'hasAnnualLimit == true and shareTotal > annualLimit',
  'LIMI-03': 'enrolled == true and patientShare != expectedShare',
  'DUPL-01': 'duplicate == true',
  'FREQ-02': 'repeated == true and duplicate == false and duplicateElsewhere == false and daysSince < minDays',
  'CLIN-02': 'diagnosisBillable == false',
  'PLAU-01': 'serviceDay > invoiceDay or closedThatDay == true',
  'PLAU-04': 'invoiceDay > lastBillingDay',
};

/** json-rules-engine over all lines, `batch` lines in flight. */
export async function runJsonRules(facts: readonly Facts[], batch: number): Promise<Hit[]> {
  const engine = new Engine();
  for (const code of COMPARED_CODES) {
    engine.addRule({ conditions: JSON_RULES[code] as never, event: { type: code } });
  }
  return inBatches(facts, batch, async (line) => (await engine.run(line)).events.map((event) => event.type));
}

/** GoRules ZEN over all lines: one decision table, hit policy collect; evaluation runs on its own threads. */
export async function runZen(facts: readonly Facts[], batch: number): Promise<Hit[]> {
  const engine = new ZenEngine();
  const decision = engine.createDecision(zenDecision());
  const hits = await inBatches(facts, batch, async (line) => {
    const { result } = (await decision.evaluate(line)) as { result: { code: string }[] };
    return result.map((row) => row.code);
  });
  engine.dispose();
  return hits;
}

async function inBatches(
  facts: readonly Facts[],
  size: number,
  run: (line: Facts) => Promise<readonly string[]>,
): Promise<Hit[]> {
  const hits: Hit[] = [];
  for (let from = 0; from < facts.length; from += size) {
    const codes = await Promise.all(facts.slice(from, from + size).map(run));
    codes.forEach((list, i) => list.forEach((code) => hits.push({ row: from + i, code })));
  }
  return hits;
}

function zenDecision(): object {
  const position = { x: 0, y: 0 };
  const rules = COMPARED_CODES.map((code) => ({ _id: code, in: ZEN_RULES[code], out: `"${code}"` }));
  return {
    contentType: 'application/vnd.gorules.decision',
    nodes: [
      { id: 'request', name: 'request', type: 'inputNode', position },
      { id: 'response', name: 'response', type: 'outputNode', position },
      {
        id: 'table',
        name: 'table',
        type: 'decisionTableNode',
        position,
        content: {
          hitPolicy: 'collect',
          inputs: [{ id: 'in', name: 'condition' }],
          outputs: [{ id: 'out', name: 'code', field: 'code' }],
          rules,
        },
      },
    ],
    edges: [
      { id: 'e1', sourceId: 'request', targetId: 'table', type: 'edge' },
      { id: 'e2', sourceId: 'table', targetId: 'response', type: 'edge' },
    ],
  };
}
