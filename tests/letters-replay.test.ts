import { installRuntime } from '../activities/worker';
import { replayHistories } from './support/histories';
import { LETTERS_SECRET } from './support/letters';
import { workflowBundle } from './support/review-house';

/** What can become of a request; each has a history that was recorded on a real server. */
const BRANCHES = [
  'approved-at-once',
  'cancelled',
  'documents-never-came',
  'escalated-and-decided',
  'expired',
  'four-eyes',
  'overdue',
  'refused-administratively',
  'refused-by-doctor',
  'whole-life',
];

test('workflows that started under an older version of the code still replay', async () => {
  installRuntime();
  const replayed = await replayHistories('guarantee-letter/', LETTERS_SECRET, { codePath: await workflowBundle() });
  expect(replayed.filter((result) => result.error !== null)).toEqual([]);
  expect(replayed.map((result) => result.name)).toEqual(BRANCHES.map((branch) => `guarantee-letter/${branch}.json`));
}, 120_000);
