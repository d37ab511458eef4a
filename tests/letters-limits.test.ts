import { randomUUID } from 'node:crypto';
import { submitLetter } from '../activities/letters/submit';
import { STANDARD_TIMES } from '../activities/letters/deps';
import { plainDate } from '../models/calendar';
import { createCurrentSnapshot } from '../prisma/facts/current-snapshot';
import { createLetterReview } from '../prisma/facts/requested-review';
import { createSnapshots } from '../prisma/facts/snapshots';
import { addDays } from './support/dates';
import { DIAGNOSIS, letterPerson, SERVICE } from './support/letter-person';
import { startLetters } from './support/letters';
import type { LettersBench } from './support/letters';

const today = plainDate(new Date().toISOString());
let bench: LettersBench;

beforeAll(async () => {
  bench = await startLetters();
}, 180_000);
afterAll(() => bench?.close());

test('a thousand races for the last unit of a limit: nobody gets more than there is', async () => {
  const { pool } = bench.api;
  const person = await letterPerson(pool, today);
  const current = createCurrentSnapshot(createSnapshots(), 'test');
  const deps = {
    pool,
    review: createLetterReview(current),
    ruleSetVersion: current.version,
    times: STANDARD_TIMES,
    now: () => new Date(),
  };
  const cap = 5;
  await pool.query(
    `UPDATE programme SET service_limits = $2, annual_limit_kopecks = NULL WHERE id IN (
       SELECT programme_id FROM enrolment WHERE policy_id = $1)`,
    [person.policyId, JSON.stringify([{ service: SERVICE, max_quantity: cap }])],
  );
  const states = new Map<string, number>();
  // Rounds of eight at once, as many as there are connections; the periods differ, so that no request is a duplicate of another.
  for (let round = 0; round < 126; round += 1) {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => {
        const day = addDays(today, (round * 8 + i) % 150);
        return submitLetter(deps, {
          requestId: randomUUID(),
          requester: { role: 'clinic', id: 'racer' },
          submittedAt: new Date().toISOString(),
          request: {
            policyNo: person.policyNo,
            clinicCode: person.clinicCode,
            urgency: 'standard',
            documents: [],
            lines: [{ serviceCode: SERVICE, diagnosisCode: DIAGNOSIS, quantity: 1, periodFrom: day, periodTo: day }],
          },
        });
      }),
    );
    for (const { letter } of answers) {
      const key = `${letter.state}:${letter.lines[0]!.reasonCode ?? ''}`;
      states.set(key, (states.get(key) ?? 0) + 1);
    }
  }
  const counter = await pool.query<{ reserved: number; cap: number }>(
    `SELECT reserved, cap FROM limit_counter WHERE policy_id = $1 AND limit_key = $2`,
    [person.policyId, SERVICE],
  );
  const promised = await pool.query<{ units: number }>(
    `SELECT sum(approved_quantity)::int AS units FROM letter_request_line l JOIN letter_request r ON r.id = l.request_id
     WHERE r.policy_id = $1`,
    [person.policyId],
  );
  // The periods may reach into the next contract year, which has a limit of its own.
  const reserved = counter.rows.reduce((sum, row) => sum + row.reserved, 0);
  expect(counter.rows.length).toBeGreaterThan(0);
  for (const row of counter.rows) expect(row.reserved).toBeLessThanOrEqual(cap);
  expect(reserved).toBeGreaterThanOrEqual(cap);
  expect(promised.rows[0]).toEqual({ units: reserved });
  expect(states.get('approved:')).toBe(reserved);
  expect([...states.values()].reduce((a, b) => a + b, 0)).toBe(1008);
}, 300_000);
