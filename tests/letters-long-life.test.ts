import { STANDARD_TIMES } from '../activities/letters/deps';
import { startTemporalServer } from '../cli/runtime/temporal-server';
import type { TemporalServer } from '../cli/runtime/temporal-server';
import { plainDate } from '../models/calendar';
import { letterWorkflowId } from '../workflows/letter-messages';
import { addDays } from './support/dates';
import { keepHistory } from './support/histories';
import { LETTER_HISTORIES } from './support/letter-branches';
import { stepsOf } from './support/letter-history';
import { DIAGNOSIS, letterPerson, SERVICE } from './support/letter-person';
import { startLetters } from './support/letters';
import type { LettersBench } from './support/letters';

/** A server of its own that calls a history long after a dozen events: in production it takes thousands. */
const today = plainDate(new Date().toISOString());
let server: TemporalServer;
let bench: LettersBench;

beforeAll(async () => {
  const dynamicConfig = { 'limit.historyCount.suggestContinueAsNew': 12 };
  server = await startTemporalServer({ namespace: 'medex-long', dynamicConfig });
  bench = await startLetters(STANDARD_TIMES, { ...server, queue: 'letters-long' });
}, 180_000);
afterAll(async () => {
  await bench?.close();
  await server?.close();
});

test('a letter with a long history goes on in a new run: thread, clock, answer and doctor’s right are what they were', async () => {
  const person = await letterPerson(bench.api.pool, today);
  const clinic = await bench.api.as('clinic', { clinicId: person.clinicId });
  const lead = await bench.api.as('lead-expert');
  await bench.api.pool.query(`UPDATE letter_policy SET auto_approve_kopecks = 1`);
  const line = { serviceCode: SERVICE, diagnosisCode: DIAGNOSIS, quantity: 1 };
  const request = {
    policyNo: person.policyNo,
    clinicCode: person.clinicCode,
    senderRef: 'LONG-1',
    lines: [{ ...line, periodFrom: today, periodTo: addDays(today, 20) }],
  };
  const asked = await clinic.post('/v1/letters', request);
  const id = asked.body.id as string;
  const path = `/v1/letters/${id}`;
  await lead.post(`${path}/claim`);
  await lead.post(`${path}/document-requests`, { question: 'Протокол?' });
  const answered = await clinic.post(`${path}/documents`, { answer: 'Приложен' });
  expect(answered.body).toMatchObject({ state: 'pended', pendedFor: 'expert' });
  // Within the clock's own rest: it stood for a moment only.
  expect(Math.abs(Date.parse(answered.body.dueAt) - Date.parse(asked.body.dueAt))).toBeLessThan(60_000);
  expect((await clinic.post('/v1/letters', request)).body).toMatchObject({ id, state: 'pended' });
  await lead.post(`${path}/claim`);
  const refusal = { lineNo: 1, kind: 'refuse', ground: 'medical', reasonCode: 'CLIN-01', clause: 'КР 708, п. 2.4' };
  const decided = await lead.post(`${path}/decisions`, { lines: [refusal] });
  expect(decided.body).toMatchObject({ state: 'refused' });
  const { thread } = (await clinic.get(path)).body as { thread: { kind: string }[] };
  expect(thread.map(({ kind }) => kind)).toEqual(['first-answer', 'ask-documents', 'give-documents', 'decide']);

  const runs: string[] = [];
  let next: string | undefined = await firstRun(id);
  for (; next !== undefined; next = await runAfter(id, next)) runs.push(next);
  expect(runs.length).toBeGreaterThan(1);
  const steps = await Promise.all(runs.map(async (run) => stepsOf(await history(id, run))));
  expect(steps[0]).toEqual(LETTER_HISTORIES['continued-first-run']);
  expect(steps[1]).toEqual(LETTER_HISTORIES['continued-second-run']);
  const workflowId = letterWorkflowId(id);
  await keepHistory(bench.temporal, workflowId, 'guarantee-letter/continued-first-run', runs[0]);
  await keepHistory(bench.temporal, workflowId, 'guarantee-letter/continued-second-run', runs[1]);
}, 120_000);

const history = (id: string, run?: string) =>
  bench.temporal.workflow.getHandle(letterWorkflowId(id), run).fetchHistory();

async function firstRun(id: string): Promise<string> {
  const [started] = (await history(id)).events!;
  return started!.workflowExecutionStartedEventAttributes!.firstExecutionRunId!;
}

async function runAfter(id: string, run: string): Promise<string | undefined> {
  const last = (await history(id, run)).events!.at(-1)!;
  return last.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
}
