import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { newToken } from '../api/http/tokens';
import { loadWorld, WORLD_PARTS } from '../activities/intake/load-world';
import type { Role } from '../models/access/roles';
import { plainDate } from '../models/calendar';
import { createPool } from '../prisma/pool';
import type { Pool } from '../prisma/pool';
import { publishPack } from '../prisma/repositories/rule-sets';
import { insertSession } from '../prisma/repositories/sessions';
import { addUser } from './support/api';
import { addDays } from './support/dates';
import { createTestDatabase } from './support/env';
import type { TestDatabase } from './support/env';
import { openKillHouse } from './support/kill-house';
import type { KillHouse } from './support/kill-house';
import { takeOneLine } from './support/letter-invoice';
import { DIAGNOSIS, letterPerson, SERVICE } from './support/letter-person';
import type { LetterPerson } from './support/letter-person';
import { until } from './support/until';

const today = plainDate(new Date().toISOString());
const yesterday = addDays(today, -1);
let database: TestDatabase;
let pool: Pool;
let house: KillHouse;

beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool({ connectionString: database.url, applicationName: 'medex-kill-test', max: 4 });
  const world = join(__dirname, '../demo/world');
  const parts = WORLD_PARTS.filter((part) => part.name !== 'invoices');
  await loadWorld({ pool }, world, undefined, parts);
  const data = JSON.parse(readFileSync(join(world, 'guidelines.json'), 'utf8')) as { pack: string; version: string };
  await publishPack(pool, { name: data.pack, version: data.version, data });
  house = await openKillHouse(database.url);
}, 180_000);
afterAll(async () => {
  await house?.close();
  await pool?.end();
  await database?.close();
});

/** A caller who never gives up: the same call with the same key until an answer comes. */
type Caller = (path: string, body?: object) => Promise<Record<string, unknown>>;

async function callerOf(role: Role, owner: object = {}): Promise<Caller> {
  const user = await addUser(pool, role, owner);
  const { token, hash } = newToken('session');
  await insertSession(pool, { tokenHash: hash, userId: user.id, maxHours: 1 });
  return async (path, body) => {
    const headers = {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      'Idempotency-Key': randomUUID(),
    };
    let last: unknown = null;
    for (let tries = 0; tries < 400; tries += 1) {
      const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
      const answer = await fetch(house.url + path, { ...init, signal: AbortSignal.timeout(20_000) }).catch(() => null);
      last = answer?.status;
      const read = answer === null ? null : ((await answer.json().catch(() => null)) as Record<string, unknown> | null);
      last = read ?? last;
      if (answer !== null && read !== null && answer.status < 500 && read.code !== 'request-in-progress') {
        expect({ path, status: answer.status, code: read.code }).toEqual({
          path,
          status: answer.status,
          code: undefined,
        });
        return read;
      }
      await sleep(300);
    }
    throw new Error(`no answer from ${path}: ${JSON.stringify(last)}`);
  };
}

/** Runs a step; `crashes` = everything is killed some milliseconds after it has begun, and comes again. */
type Step = (run: () => Promise<unknown>) => Promise<void>;
const calmly: Step = async (run) => void (await run());
const crashing =
  (delays: number[]): Step =>
  async (run) => {
    const done = run();
    // Handled below; without this a step that fails during the crash would end the process.
    done.catch(() => undefined);
    await sleep(delays.shift() ?? 50);
    await house.crash();
    // The API that held the key is gone: what would be a minute of waiting for its lease.
    await pool.query(`UPDATE idempotency_key SET lease_until = now() WHERE lease_until > now()`);
    await done;
  };

async function live(person: LetterPerson, step: Step): Promise<object> {
  const [clinic, expert, lead] = await Promise.all([
    callerOf('clinic', { clinicId: person.clinicId }),
    callerOf('medical-expert', { fullName: 'Орлова Анна Сергеевна', skills: ['imaging'] }),
    callerOf('lead-expert', { fullName: 'Соколов Пётр Ильич' }),
  ]);
  const line = { serviceCode: SERVICE, diagnosisCode: DIAGNOSIS, quantity: 3 };
  const request = {
    policyNo: person.policyNo,
    clinicCode: person.clinicCode,
    senderRef: `KILL-${person.policyId}`,
    lines: [{ ...line, periodFrom: addDays(today, -3), periodTo: addDays(today, 20) }],
  };
  const part = { lineNo: 1, kind: 'approve-part', quantity: 2, reasonCode: 'FREQ-01', clause: 'КР 708, п. 2.4' };
  let asked: Record<string, unknown> = {};
  await step(async () => (asked = await clinic('/v1/letters', request)));
  const path = `/v1/letters/${asked.id as string}`;
  await step(() => clinic(`${path}/documents`, { answer: 'Направления нет' }));
  await expert(`${path}/claim`, {});
  await step(() => expert(`${path}/decisions`, { lines: [part] }));
  // The document is made by the outbox, in its own time.
  await step(() => until(async () => (await count('letter_document', asked.id)) === 1, 60_000));
  const { number } = await clinic(path);
  await takeOneLine(pool, person, { serviceDate: yesterday, letterNo: `${number as string}/1` });
  await step(() => lead('/v1/batches', {}));
  await until(async () => usedOf(await clinic(path)) === 1, 60_000);
  await step(() => clinic(`${path}/appeals`, { reason: 'Нужны три', lineNos: [1] }));
  await lead(`${path}/claim`, {});
  // The term is over: an appeal cannot shorten what was promised, so the days themselves go by.
  await pool.query(`UPDATE letter_request_line SET period_to = $2, approved_to = $2 WHERE request_id = $1`, [
    asked.id,
    yesterday,
  ]);
  await step(() => lead(`${path}/decisions`, { lines: [part] }));
  await until(async () => (await clinic(path)).state === 'expired', 60_000);
  // What a killed relay held comes again when its lease has ended.
  await until(async () => (await waiting(asked.id as string)) === 0, 90_000);
  return outcomeOf(asked.id as string);
}

const usedOf = (letter: Record<string, unknown>): number =>
  (letter.lines as { usedQuantity: number }[])[0]!.usedQuantity;
const count = async (table: string, requestId: unknown): Promise<number> =>
  (await pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table} WHERE request_id = $1`, [requestId]))
    .rows[0]!.n;

const waiting = async (requestId: string): Promise<number> =>
  (
    await pool.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM outbox WHERE payload->>'requestId' = $1 AND done_at IS NULL`,
      [requestId],
    )
  ).rows[0]!.n;

/** Everything that must not depend on crashes. */
async function outcomeOf(requestId: string): Promise<object> {
  const rows = await pool.query(
    `SELECT r.state, r.revision, r.valid_to, l.outcome, l.approved_quantity, l.approved_kopecks, l.used_quantity,
       l.doctor_name, (SELECT json_agg(e.kind ORDER BY e.id) FROM letter_event e WHERE e.request_id = r.id) AS thread,
       (SELECT json_agg(DISTINCT v.state) FROM limit_reservation v WHERE v.request_id = r.id) AS reservations,
       (SELECT sum(c.reserved)::int FROM limit_counter c WHERE c.policy_id = r.policy_id) AS reserved
     FROM letter_request r JOIN letter_request_line l ON l.request_id = r.id WHERE r.id = $1`,
    [requestId],
  );
  return rows.rows[0] as object;
}

test('kill -9 of worker, API and Temporal at every step of a letter’s life: it comes to the same', async () => {
  const people = [await letterPerson(pool, today, 0), await letterPerson(pool, today, 1)];
  await pool.query(
    `INSERT INTO letter_policy (contract_id, effective_from, auto_approve_kopecks, document_rules)
     SELECT DISTINCT k, '2020-01-01'::date, 1, $2::jsonb FROM unnest($1::int[]) k`,
    [people.map((person) => person.contractId), JSON.stringify([{ service: SERVICE, kinds: ['referral'] }])],
  );
  const calm = await live(people[0]!, calmly);
  // Before the call has arrived, in the middle of it, and after its end.
  const killed = await live(people[1]!, crashing([5, 40, 80, 20, 150, 60, 30]));
  expect(calm).toMatchObject({
    state: 'expired',
    used_quantity: 1,
    reserved: 0,
    reservations: ['released'],
  });
  const { approved_kopecks: a, ...same } = calm as { approved_kopecks: number };
  const { approved_kopecks: b, ...now } = killed as { approved_kopecks: number };
  expect(now).toEqual(same);
  expect([a, b]).toEqual(people.map((person) => person.priceKopecks * 2));
}, 600_000);
