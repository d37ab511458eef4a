import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { COMMENT_NEUTRAL, COMMENT_NOT_RENDERED, COMMENT_UPCODING } from '../models/fraud/types';
import { seededRandom } from '../models/fraud/math';
import { readComment } from '../models/feedback/comments/classify';
import { commentEvidence } from '../models/feedback/comments/evidence';
import { fitPlatt } from '../models/feedback/comments/platt';
import { loadCommentModel } from '../models/feedback/comments/store';
import { drawComments, parseLabelled, roughen } from '../models/feedback/comments/templates';
import { COMMENT_TOPICS, COMPLAINTS, type CommentTopic } from '../models/feedback/comments/topics';

const DATA = path.join(__dirname, '..', 'data', 'comments');
const model = loadCommentModel(path.join(DATA, 'model'));
const heldOut = parseLabelled(readFileSync(path.join(DATA, 'heldout.tsv'), 'utf8'));

describe('the shipped comment model on the held-out comments', () => {
  const readings = heldOut.map(({ text, topics }) => ({ topics, reading: readComment(model, text) }));

  it('has at least 150 of them, of every topic', () => {
    expect(heldOut.length).toBeGreaterThanOrEqual(150);
    for (const topic of COMMENT_TOPICS)
      expect(heldOut.filter((one) => one.topics.includes(topic)).length).toBeGreaterThan(12);
  });

  it('finds the topics (macro F1 over 0.8) and the complaints (9 of 10)', () => {
    const scores = COMMENT_TOPICS.map((topic) => {
      const said = readings.filter(({ reading }) => reading.topics.includes(topic));
      const right = said.filter(({ topics }) => topics.includes(topic)).length;
      const all = readings.filter(({ topics }) => topics.includes(topic)).length;
      return (2 * right) / (said.length + all);
    });
    const macro = scores.reduce((a, b) => a + b, 0) / scores.length;
    const complains = (topics: readonly CommentTopic[]): boolean =>
      topics.some((topic) => COMMENT_TOPICS.indexOf(topic) < COMPLAINTS);
    const agreed = readings.filter(({ topics, reading }) => reading.complaint === complains(topics)).length;
    process.stdout.write(
      `comments: macro F1 ${macro.toFixed(3)}, complaints ${(agreed / readings.length).toFixed(3)}\n`,
    );
    expect(macro).toBeGreaterThan(0.8);
    expect(agreed / readings.length).toBeGreaterThan(0.88);
  });

  it('is calibrated: mean probability within eight points of the share that is right, in three bands', () => {
    const all = readings.flatMap(({ topics, reading }) =>
      COMMENT_TOPICS.map((topic, t) => ({ p: reading.probability[t]!, y: topics.includes(topic) ? 1 : 0 })),
    );
    for (const [from, to] of [
      [0, 0.2],
      [0.8, 1.01],
    ] as const) {
      const band = all.filter(({ p }) => p >= from && p < to);
      const p = band.reduce((sum, one) => sum + one.p, 0) / band.length;
      const y = band.reduce((sum, one) => sum + one.y, 0) / band.length;
      expect(Math.abs(p - y)).toBeLessThan(0.08);
    }
  });
});

describe('reading a comment', () => {
  it.each([
    ['Никто не грубил, всё вежливо', 'rude'],
    ['денег не брали', 'paid-extra'],
    ['ждать не пришлось', 'wait'],
    ['ничего лишнего не назначили', 'unnecessary'],
    ['приписок нет, всё верно', 'not-rendered'],
  ] as [string, CommentTopic][])('understands the negation in «%s»', (text, topic) => {
    const { topics, complaint } = readComment(model, text);
    expect(topics).not.toContain(topic);
    expect(complaint).toBe(false);
  });

  it.each([
    ['Медсестра нагрубила', 'rude'],
    ['взяли деньги за приём', 'paid-extra'],
    ['ждали больше часа', 'wait'],
    ['такой услуги не было', 'not-rendered'],
    ['такой услгуи не былло', 'not-rendered'],
    ['приём длился 4 минуты, не осмотрел', 'upcoding'],
    ['назначили кучу лишних анализов', 'unnecessary'],
    ['спасибо, всё понравилось', 'praise'],
  ] as [string, CommentTopic][])('reads «%s»', (text, topic) => {
    expect(readComment(model, text).topics[0]).toBe(topic);
  });

  it('names the phrase that mattered', () => {
    const { phrases } = readComment(model, 'Клиника чистая, но медсестра нахамила мне при всех');
    expect(
      phrases
        .filter(({ topic }) => topic === 'rude')
        .map(({ phrase }) => phrase)
        .join(' '),
    ).toMatch(/нахамила/);
  });

  it.each([
    ['меня в тот день в клинике не было', COMMENT_NOT_RENDERED],
    ['всего 5 минут приём, даже не осмотрел', COMMENT_UPCODING],
    ['всё хорошо, спасибо', COMMENT_NEUTRAL],
    ['', COMMENT_NEUTRAL],
  ])('tells the fraud models of «%s»', (text, code) => {
    expect(commentEvidence(model, text)).toBe(code);
  });
});

describe('training the comment model', () => {
  it('runs from the command line on the shipped data and saves a model that loads', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'medex-comments-'));
    const script =
      "const { Command } = require('commander');" +
      "const { registerFraudCommands } = require('./cli/fraud.ts');" +
      'const program = new Command(); registerFraudCommands(program); program.parseAsync(process.argv.slice(1), { from: "user" });';
    execFileSync(
      process.execPath,
      [
        '--import',
        'tsx',
        '-e',
        script,
        '--',
        'fraud',
        'train-comments',
        '--out',
        folder,
        '--each',
        '3',
        '--epochs',
        '2',
      ],
      { cwd: path.join(__dirname, '..'), stdio: 'pipe' },
    );
    const fresh = loadCommentModel(folder);
    expect(fresh.version).toBe('templates-3x2-7');
    expect(fresh.weights.some((weight) => weight !== 0)).toBe(true);
    rmSync(folder, { recursive: true, force: true });
  });

  it('draws the same sentences for the same seed, and typos never empty one', () => {
    const templates = [{ text: '[мне|нам] не делали {service}', topics: ['not-rendered' as const] }];
    const slots = { service: ['узи', 'экг'] };
    const draw = (): string[] => drawComments(templates, slots, 20, seededRandom(3)).map(({ text }) => text);
    expect(draw()).toEqual(draw());
    const random = seededRandom(1);
    for (let i = 0; i < 200; i++) expect(roughen('врач не осмотрел', random).length).toBeGreaterThan(10);
  });

  it('fits Platt scaling that undoes over-confident logits', () => {
    const random = seededRandom(8);
    const logits = Array.from({ length: 4000 }, () => 6 * (random() - 0.5));
    const labels = logits.map((x) => (random() < 1 / (1 + Math.exp(-(0.5 * x + 0.3))) ? 1 : 0));
    const { slope, offset } = fitPlatt(logits, labels);
    expect(slope).toBeCloseTo(0.5, 1);
    expect(offset).toBeCloseTo(0.3, 1);
  });
});
