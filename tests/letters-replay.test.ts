import { installRuntime } from '../activities/worker';
import { replayHistories } from './support/histories';
import { LETTER_BRANCHES, LETTER_HISTORIES } from './support/letter-branches';
import type { LetterBranch, LetterHistory } from './support/letter-branches';
import { readHistoryFile, stepsOf } from './support/letter-history';
import { LETTERS_SECRET } from './support/letters';
import { workflowBundle } from './support/review-house';

const names = Object.keys(LETTER_HISTORIES) as LetterHistory[];

test('workflows that started under an older version of the code still replay', async () => {
  installRuntime();
  const replayed = await replayHistories('guarantee-letter/', LETTERS_SECRET, { codePath: await workflowBundle() });
  expect(replayed.filter((result) => result.error !== null)).toEqual([]);
  const expected = names.map((name) => `guarantee-letter/${name}.json`).sort();
  expect(replayed.map((result) => result.name)).toEqual(expected);
}, 120_000);

test.each(names)('the history %s takes the steps that the table says', async (name) => {
  expect(await stepsOf(readHistoryFile(`guarantee-letter/${name}`))).toEqual(LETTER_HISTORIES[name]);
});

test.each(Object.keys(LETTER_BRANCHES) as LetterBranch[])('the branch "%s" has its history', (branch) => {
  const [history, step] = LETTER_BRANCHES[branch];
  expect(LETTER_HISTORIES[history]).toContain(step);
});
