import { createHash } from 'node:crypto';
import type { Backend } from './backend';
import type { Factor } from './catalogue';
import { fitChampions } from './champions';
import { fitClinicChoice } from './clinic-choice';
import { collectPastGroups } from './comparables';
import { competes } from './competition';
import { expectedTotals } from './expectation';
import { fitExperience } from './fit-experience';
import { planFolds } from './folds';
import { findHistoryRoles, roleCodes } from './history-columns';
import { measureImportance } from './importance';
import { fitLargeLoss } from './large-loss';
import type { UnderwritingModel } from './model';
import { pack } from './model-files';
import { measureNoise } from './noise-gauge';
import { levelCandidates, periodLevels, withPriceLevel } from './price-level';
import { profileFactors } from './profile';
import { stepOf } from './period-column';
import { quantileOf, sortedFinite } from './quantiles';
import type { ModelRows, RowFaults } from './rows';
import { clustersOf, readRows, usableRows } from './rows';
import type { Effort } from './settings';
import { baseSettings } from './settings';
import type { ModelColumns, TrainingColumns } from './spec';
import { chooseFamily, requireColumn, resolveColumns } from './spec';
import type { Table } from './table';
import { levelsOf, numbersOf } from './table';
import type { TrainingControl } from './train-ensemble';
import { prepare, searchSettings, shapeOf, trainEnsemble } from './train-ensemble';
import type { BlendedMembers } from './train-trees';
import { trainTrees } from './train-trees';
import { AppError } from '../errors';

export interface TrainRequest extends TrainingColumns {
  readonly factors: readonly Factor[];
  readonly seed?: number;
  readonly effort?: Effort;
  /** Compare rival settings on held-out groups first (default: yes for full effort). */
  readonly search?: boolean;
}

const MIN_ROWS = 20;

/**
 * Trains a model: settings by size and search on held-out groups, ensemble on rotating folds of groups, experience by
 * credibility, cohort levels, intervals, champions and the statistics that explanations need. Seeded: the same data,
 * request and backend give the same model.
 *
 * @throws AppError UNDERWRITING_COLUMNS | UNDERWRITING_PERIOD | UNDERWRITING_TOO_FEW_ROWS | UNDERWRITING_TARGET
 */
export async function trainModel(
  { tf }: Backend,
  source: Table,
  asked: TrainRequest,
  control: TrainingControl = {},
): Promise<UnderwritingModel> {
  // A catalogue may list all columns of a book: what is forecast is no factor of itself.
  const request = { ...asked, factors: asked.factors.filter(({ code }) => code !== asked.target) };
  const seed = request.seed ?? 1;
  const effort = request.effort ?? 'full';
  for (const flag of ['entity', 'index'] as const)
    if (typeof request[flag] === 'string') requireColumn(source, flag, request[flag]);
  if (request.trainUntil !== undefined && request.time === undefined) throw noTime();
  const asGiven = withStep(source, resolveColumns(source, request.factors, request));
  const { table: usable, faults } = usableRows(source, asGiven, request.trainUntil);
  if (usable.rows < MIN_ROWS) throw tooFew(usable.rows, faults, asGiven);
  if (numbersOf(usable, asGiven.target).every((total) => total === 0)) throw allZero(usable.rows, asGiven.target);
  const columns = withoutLoneGroup(usable, asGiven);
  const indexByPeriod = periodLevels(usable, columns);
  const lastIndex = indexByPeriod.at(-1)?.[1] ?? 1;
  const table = withPriceLevel(usable, columns, indexByPeriod, lastIndex);
  const codes = request.factors.map(({ code }) => code);
  const rows = apartIfAlike(readRows(table, columns, codes, lastIndex));
  const roles = findHistoryRoles(rows, request.factors, columns.index);
  const reserved = new Set([...roleCodes(roles), columns.index]);
  const used = request.factors.filter(({ code }) => !reserved.has(code) && table.columns.includes(code));
  const { family, power } = chooseFamily(numbersOf(table, columns.target));
  const compete = competes(rows, columns);
  const sized = baseSettings(table.rows, used.length, power, compete, effort);
  const plan = planFolds(rows, sized.folds, seed);
  const base = { ...sized, folds: plan.folds };
  const folds = plan.of;
  control.onProgress?.({ stage: 'prepare', done: 0, of: 1, note: `${table.rows} rows, ${used.length} factors` });
  const search =
    (request.search ?? effort === 'full')
      ? await searchSettings(tf, rows, used, base, folds, seed, control)
      : { settings: base, table: [] };
  const settings = search.settings;
  const prepared = await prepare(tf, rows, used, settings, folds, seed, control);
  const networks = await trainEnsemble(tf, prepared, settings, folds, seed, control);
  const shape = shapeOf(prepared.data, settings);
  // Trees do not see the rest of a programme, so they have no place where clinics compete.
  const blended: BlendedMembers = compete
    ? { members: networks, table: [] }
    : await trainTrees(tf, prepared.data, shape, rows, used, power, effort, folds, seed, networks, control);
  const { members, trees } = blended;
  const trainGroups = new Set(rows.groupNames);
  const ensemble = { shape, members, trees, folds: plan.folds, foldSeed: plan.seed, trainGroups };
  const expected = expectedTotals(tf, ensemble, rows, prepared.data.inputs);
  control.onProgress?.({ stage: 'experience', done: 0, of: 1, note: '' });
  const experience = fitExperience(rows, expected, columns, roles);
  control.onProgress?.({ stage: 'explain', done: 0, of: 1, note: '' });
  const draft: Omit<UnderwritingModel, 'version' | 'importance'> = {
    trainedOn: {
      rows: table.rows,
      groups: clustersOf(rows).count,
      ...periodOf(rows),
      seed,
      ...(columns.exposure === undefined ? {} : { typicalExposure: quantileOf(sortedFinite(rows.exposure), 0.5) }),
    },
    columns,
    family,
    power,
    factors: request.factors,
    settings,
    search: [...search.table, ...blended.table],
    encoding: prepared.encoding,
    pairs: prepared.pairs,
    ...ensemble,
    outOfFold: columns.group !== undefined && columns.time !== undefined,
    meanRate: ratio(rows.total, rows.base),
    meanIndex: ratio(rows.base, rows.exposure),
    meanLogSetSize: meanLogSetSize(rows),
    lastIndex,
    indexByPeriod,
    levels: experience.levels,
    history: roles,
    panel: experience.panel,
    panelGroups: rows.keyed.groups,
    panelEntities: rows.keyed.entities,
    intervals: experience.intervals,
    largeLoss: fitLargeLoss(rows.total, expected),
    champions: fitChampions(
      rows,
      request.factors.filter(({ code }) => code !== columns.index && table.columns.includes(code)),
      power,
      roles,
    ),
    profiles: profileFactors(table, request.factors),
    past: collectPastGroups(rows, prepared.encoding, expected, compete),
    choice: compete ? fitClinicChoice(rows, prepared.encoding, request.factors) : null,
    warnings: [
      ...warningsOf(request.factors, table, faults, prepared.encoding.dropped),
      ...(columns.group === asGiven.group ? [] : [loneGroup(asGiven)]),
      ...(family === 'poisson' ? [] : levelWarnings(request, table, columns)),
    ],
  };
  const noise = await measureNoise(tf, draft, rows, used, folds, seed, control);
  const importance = measureImportance(draft, rows, prepared.data.inputs, seed, noise);
  return { ...draft, importance, version: versionOf(draft) };
}

/** Hash of everything that a price depends on: networks that agree may still read their inputs on other scales. */
function versionOf(model: Omit<UnderwritingModel, 'version' | 'importance'>): string {
  const { json, binary } = pack(model);
  return createHash('sha256').update(json).update(binary).digest('hex').slice(0, 16);
}

function withStep(source: Table, columns: ModelColumns): ModelColumns {
  const step = columns.time === undefined ? undefined : stepOf(source, columns.time);
  return step === undefined ? columns : { ...columns, step };
}

function periodOf({ keyed }: ModelRows): { from: number; to: number } {
  let from = Infinity;
  let to = -Infinity;
  for (const time of keyed.time) {
    from = Math.min(from, time);
    to = Math.max(to, time);
  }
  return { from, to };
}

function ratio(a: Float64Array, b: Float64Array): number {
  const sum = (values: Float64Array): number => values.reduce((x, y) => x + y, 0);
  return sum(a) / Math.max(sum(b), 1e-12);
}

function meanLogSetSize({ keyed: { sets } }: ModelRows): number {
  let sum = 0;
  for (const set of sets.of) sum += Math.log(sets.start[set + 1]! - sets.start[set]!);
  return sets.of.length === 0 ? 0 : sum / sets.of.length;
}

function warningsOf(
  factors: readonly Factor[],
  table: Table,
  faults: RowFaults,
  dropped: UnderwritingModel['encoding']['dropped'],
): string[] {
  const absent = factors.filter(({ code }) => !table.columns.includes(code)).map(({ code }) => code);
  const aimless = factors.filter(({ kind, monotone }) => kind === 'category' && monotone !== undefined);
  return [
    ...(absent.length > 0 ? [`not in the data: ${absent.join(', ')}`] : []),
    ...(aimless.length > 0
      ? [`monotone has no effect on a category: ${aimless.map(({ code }) => code).join(', ')}`]
      : []),
    ...dropped.map(
      ({ code, reason }) => `${code}: ${reason === 'constant' ? 'one value only' : 'no values'}, left out`,
    ),
    ...(faults.noTarget > 0 ? [`${faults.noTarget} rows without target left out`] : []),
    ...(faults.noExposure > 0 ? [`${faults.noExposure} rows without exposure left out`] : []),
    ...(faults.noPeriod > 0 ? [`${faults.noPeriod} rows without period left out`] : []),
    ...(faults.negative > 0 ? [`${faults.negative} negative targets counted as 0`] : []),
  ];
}

function noTime(): AppError {
  return new AppError(
    'UNDERWRITING_COLUMNS',
    {
      ru: 'train-until без time: назовите столбец периода',
      en: 'train-until without time: name the column of the period',
    },
    { details: { field: 'time', rule: 'train-until needs time', fix: 'name the column of the period' } },
  );
}

function allZero(rows: number, target: string): AppError {
  return new AppError(
    'UNDERWRITING_TARGET',
    {
      ru: `Во всех ${rows} строках «${target}» равен 0 или меньше: учиться нечему. Исправление: проверьте столбец target и train-until`,
      en: `“${target}” is 0 or less in all ${rows} rows: nothing to learn. Fix: check the target column and train-until`,
    },
    { details: { rows, field: target, rule: 'some target above 0', fix: 'check the target column and train-until' } },
  );
}

/** The columns without a group that all rows belong to: it splits nothing, so rows stand for groups. */
function withoutLoneGroup(table: Table, columns: ModelColumns): ModelColumns {
  if (columns.group === undefined || new Set(levelsOf(table, columns.group).codes).size > 1) return columns;
  const { group: _group, entity: _entity, ...rest } = columns;
  return rest;
}

function loneGroup({ group }: ModelColumns): string {
  return `${group}: one group only, so single rows are held out; they may be alike, and intervals are too narrow then`;
}

/** Rows that no factor tells apart are held out one by one. */
function apartIfAlike(rows: ModelRows): ModelRows {
  return new Set(rows.groupNames).size > 1
    ? rows
    : { ...rows, groupNames: rows.groupNames.map((_, row) => `row ${row}`) };
}

/** What is named like a price level and was not taken for one. */
function levelWarnings({ factors, index }: TrainRequest, table: Table, columns: ModelColumns): string[] {
  if (index !== undefined || columns.index !== undefined) return [];
  return levelCandidates(table, factors).map(
    ({ code }) => `${code}: does not move like a price level, taken as a factor; --index ${code} divides it out`,
  );
}

function tooFew(
  rows: number,
  { noTarget, noExposure, noPeriod }: RowFaults,
  { target, exposure, time }: ModelColumns,
): AppError {
  const lost = [
    ...(noTarget > 0 ? [`${noTarget}: ${target} is not a number`] : []),
    ...(noExposure > 0 ? [`${noExposure}: ${exposure} is not above 0`] : []),
    ...(noPeriod > 0 ? [`${noPeriod}: ${time} is empty`] : []),
  ];
  const why = lost.length === 0 ? '' : ` (${lost.join('; ')})`;
  const lostRu = why
    .replaceAll('is not a number', 'не число')
    .replaceAll('is not above 0', 'не больше 0')
    .replaceAll('is empty', 'пуст');
  return new AppError(
    'UNDERWRITING_TOO_FEW_ROWS',
    {
      ru: `Для обучения осталось ${rows} строк${lostRu}, нужно не меньше ${MIN_ROWS}: проверьте target, exposure и train-until`,
      en: `${rows} rows are left to learn from${why}, at least ${MIN_ROWS} are needed: check target, exposure and train-until`,
    },
    { details: { rows, noTarget, noExposure, field: noTarget > 0 ? target : exposure } },
  );
}
