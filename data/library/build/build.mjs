/**
 * Builds ../guidelines.json, the shipped guideline pack, from the authored lists beside this file:
 *   node data/library/build/build.mjs
 * What comes from a source and what is a default is written into every entry (see docs/library.md).
 */
import { readFileSync, writeFileSync } from 'node:fs';

const here = (name) => new URL(name, import.meta.url);
const text = (name) => readFileSync(here(name), 'utf8');
const rowsOf = (name) =>
  text(name)
    .split('\n')
    .filter((line) => line.includes('|') && !line.startsWith('#'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
const list = (cell) => cell.split(/\s+/).filter(Boolean);
const fail = (message) => {
  throw new Error(message);
};

const csv = (name) =>
  text(name)
    .trim()
    .split('\n')
    .slice(1)
    .map((line) =>
      [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map((m) => m[1].replace(/^"|"$/g, '').replaceAll('""', '"')),
    );
const services = new Map(csv('../../nomenclature/nomenclature.csv').map(([code, name, kind]) => [code, { name, kind }]));
const remap = new Map(csv('../../nomenclature/build/base-remap.csv').map(([from, to]) => [from, to]));
const aliases = new Map(
  text('aliases.txt')
    .trim()
    .split('\n')
    .map((line) => [line.split(' ')[0], line.split(' ').slice(1)]),
);
const base = JSON.parse(text('open-world.json'));
const fixes = JSON.parse(text('base-fixes.json'));

const REGISTER_NOTE =
  'Название, номер и диагнозы (с точностью до рубрики) – из реестра клинических рекомендаций; возраст, состав услуг, частота, кратность и интервалы – рабочие значения, ждут проверки врачом';
/** Fields that follow the register; everything else of such an entry is a default. */
const REGISTER_FIELDS = ['title', 'source', 'diagnoses'];
const OWN_NOTE = 'Рабочие значения, ждут проверки врачом';
const STRUCTURE = 'по единой структуре рекомендаций (приказ Минздрава России от 28.02.2019 № 103н)';

/** The section of a recommendation in which a service of that kind stands; the structure is the same in all of them. */
const SECTIONS = [
  [(code, kind) => kind === 'lab', 'разд. 2.3 «Лабораторные диагностические исследования»'],
  [(code, kind) => kind === 'imaging', 'разд. 2.4 «Инструментальные диагностические исследования»'],
  [(code) => /^A0[2-7]|^A12/.test(code), 'разд. 2.2 «Физикальное обследование»'],
  [(code, kind) => kind === 'consultation', 'разд. 2.5 «Иные диагностические исследования»'],
  [(code, kind) => kind === 'physio' || code.startsWith('B05'), 'разд. 4 «Медицинская реабилитация»'],
  [(code, kind) => kind === 'vaccination' || code.startsWith('B04'), 'разд. 5 «Профилактика и диспансерное наблюдение»'],
  [() => true, 'разд. 3 «Лечение»'],
];
const kindOf = (prefix) => {
  const exact = services.get(prefix);
  if (exact) return exact.kind;
  for (const [code, service] of services) if (code.startsWith(prefix)) return service.kind;
  return fail(`no service matches ${prefix}`);
};
const clauseOf = (code) => SECTIONS.find(([fits]) => fits(code, kindOf(code)))[1];

/** Defaults of a service: the medians of the base where it knows the service, else by kind. */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
const known = new Map();
for (const guideline of base.guidelines) {
  for (const item of guideline.services) {
    const code = remap.get(item.service) ?? item.service;
    known.set(code, [...(known.get(code) ?? []), item]);
  }
}
const KIND_DEFAULTS = {
  consultation: [1, 2, null],
  lab: [1, 2, 14],
  imaging: [1, 1, 30],
  procedure: [1, 4, 1],
  physio: [7, 10, 1],
  surgery: [1, 1, null],
  dental: [1, 6, null],
  inpatient: [5, 10, null],
  vaccination: [1, 1, 28],
  other: [1, 2, null],
};
const defaultsOf = (code) => {
  const seen = known.get(code);
  if (!seen) return KIND_DEFAULTS[kindOf(code)];
  const pick = (field) => {
    const values = seen.map((item) => item[field]).filter((value) => value !== null);
    return values.length * 2 < seen.length ? null : median(values);
  };
  return [pick('multiplicity'), pick('max_per_episode'), pick('min_interval_days')];
};

const consultation = (code) => {
  const first = `B01.${code}.001`;
  const repeat = code === '020' ? 'B01.020.005' : `B01.${code}.002`;
  return services.has(repeat) && code !== '054' ? [first, repeat] : [first];
};
const codesOf = (token) => aliases.get(token) ?? (/^c\d{3}$/.test(token) ? consultation(token.slice(1)) : [token]);
const isRepeat = (code, all) => all.length > 1 && code === all[1] && code.startsWith('B01');

function servicesOf(cell) {
  const items = new Map();
  for (const raw of list(cell)) {
    const [, token, mark] = /^(.*?)([!?]?)$/.exec(raw);
    const codes = codesOf(token);
    for (const code of codes) {
      if (!services.has(code)) fail(`unknown service ${code} (${raw})`);
      const repeat = isRepeat(code, codes);
      const frequency = { '!': repeat ? 0.7 : 0.9, '?': repeat ? 0.05 : 0.15, '': repeat ? 0.2 : 0.5 }[mark];
      const [multiplicity, max, interval] = repeat ? [1, 5, 2] : defaultsOf(code);
      items.set(code, {
        service: code,
        frequency,
        multiplicity: Math.min(multiplicity ?? 1, max ?? multiplicity ?? 1),
        max_per_episode: max,
        min_interval_days: interval,
        clause: clauseOf(code),
      });
    }
  }
  return [...items.values()].toSorted((a, b) => (a.service < b.service ? -1 : 1));
}

const ages = (cell) => {
  if (cell === 'A') return [18, null];
  if (cell === 'K') return [0, 17];
  if (cell === 'X' || cell === '-') return [null, null];
  const [from, to] = cell.split('-');
  return [from === '' ? null : Number(from), to === '' ? null : Number(to)];
};
const contraindicated = (cell) =>
  list(cell ?? '').map((service) => (kindOf(service), { service, clause: 'разд. 3 «Лечение», противопоказания' }));

function baseGuideline(guideline) {
  const dropped = fixes.dropDiagnoses[guideline.id] ?? [];
  const own = guideline.source.startsWith('Внутренний');
  const items = new Map();
  for (const item of guideline.services) {
    const code = remap.has(item.service) ? remap.get(item.service) : item.service;
    if (code === '') continue;
    if (!items.has(code)) items.set(code, { ...item, service: code, clause: clauseOf(code) });
  }
  const bans = guideline.contraindicated
    .map((item) => remap.get(item.service) ?? item.service)
    .filter((service) => service !== '' && !items.has(service));
  return {
    ...guideline,
    id: guideline.id,
    title: fixes.titles[guideline.id] ?? guideline.title,
    clause: own ? 'внутренний стандарт' : STRUCTURE,
    diagnoses: guideline.diagnoses.filter((code) => !dropped.includes(code)),
    services: [...items.values()],
    contraindicated: contraindicated(bans.join(' ')),
    provenance: 'default-awaiting-review',
    provenance_note: own ? OWN_NOTE : REGISTER_NOTE,
    sourced_fields: own ? [] : REGISTER_FIELDS,
  };
}

let next = 101;
const authored = ({ source, title, diagnoses, age, cell, bans, clause, note, sourced }) => {
  const [age_from, age_to] = ages(age);
  return {
    id: `KR-${next++}`,
    title,
    source,
    clause,
    valid_from: '2024-01-01',
    valid_to: null,
    diagnoses: list(diagnoses),
    age_from,
    age_to,
    services: servicesOf(cell),
    contraindicated: contraindicated(bans),
    provenance: 'default-awaiting-review',
    provenance_note: note,
    sourced_fields: sourced,
  };
};
const register = rowsOf('guidelines.txt').map(([id, title, diagnoses, age, cell, bans]) =>
  authored({
    source: `Клинические рекомендации Минздрава России, ID ${id}`,
    title,
    diagnoses,
    age,
    cell,
    bans,
    clause: STRUCTURE,
    note: REGISTER_NOTE,
    sourced: REGISTER_FIELDS,
  }),
);
const internal = rowsOf('internal.txt').map(([source, title, diagnoses, age, cell, bans]) => {
  const own = source.startsWith('Внутренний');
  const note = own ? OWN_NOTE : `${source}: тема и название документа; ${OWN_NOTE.toLowerCase()}`;
  const clause = own ? 'внутренний стандарт' : 'по теме документа';
  return authored({ source, title, diagnoses, age, cell, bans, clause, note, sourced: own ? [] : ['source'] });
});

const PREFIX = { bundled: 'B', exclusive: 'E', requires: 'R' };
const counters = { bundled: 101, exclusive: 101, requires: 101 };
const basePairs = base.pairs
  .map((pair) => ({ ...pair, service: remap.get(pair.service) ?? pair.service, with: remap.get(pair.with) ?? pair.with }))
  .filter((pair) => pair.service !== '' && pair.with !== '' && pair.service !== pair.with);
const pairs = basePairs.map((pair) => ({
  ...pair,
  clause: `перечень пар, ${pair.id}`,
  provenance: 'default-awaiting-review',
  provenance_note: OWN_NOTE,
}));
const pairKeys = new Set(pairs.map((pair) => `${pair.kind}|${pair.service}|${pair.with}`));
for (const [kind, left, right, days, source] of rowsOf('pairs.txt')) {
  for (const service of list(left)) {
    for (const other of list(right)) {
      kindOf(service);
      kindOf(other);
      if (pairKeys.has(`${kind}|${service}|${other}`)) continue;
      pairKeys.add(`${kind}|${service}|${other}`);
      const id = `P-${PREFIX[kind]}${counters[kind]++}`;
      pairs.push({
        id,
        kind,
        service,
        with: other,
        window_days: Number(days),
        source,
        clause: `перечень пар, ${id}`,
        provenance: 'default-awaiting-review',
        provenance_note: OWN_NOTE,
      });
    }
  }
}

const SEX_LIST = 'МКБ-10, том 2, перечень рубрик, ограниченных одним полом';
const demographics = base.demographics
  .map((rule) => ({ ...rule, prefix: rule.target === 'service' ? (remap.get(rule.prefix) ?? rule.prefix) : rule.prefix }))
  .map((rule) => ({
    ...rule,
    clause: `перечень ограничений, ${rule.id}`,
    provenance: 'default-awaiting-review',
    provenance_note: OWN_NOTE,
  }));
const demographicKeys = new Set(demographics.map((rule) => `${rule.target}|${rule.prefix}|${rule.sex}|${rule.age_from}|${rule.age_to}`));
let demographic = 101;
for (const [target, prefixes, sex, age, provenance, why] of rowsOf('demographics.txt')) {
  const [age_from, age_to] = ages(age);
  for (const prefix of list(prefixes)) {
    if (target === 'service') kindOf(prefix);
    const entry = { target, prefix, sex: sex === '-' ? null : sex, age_from, age_to };
    const key = `${target}|${prefix}|${entry.sex}|${age_from}|${age_to}`;
    if (demographicKeys.has(key)) continue;
    demographicKeys.add(key);
    const id = `DM-${demographic++}`;
    const sourced = provenance === 's';
    demographics.push({
      id,
      ...entry,
      source: sourced ? SEX_LIST : why,
      clause: sourced ? why : `перечень ограничений, ${id}`,
      provenance: sourced ? 'source' : 'default-awaiting-review',
      provenance_note: sourced ? `Рубрика – из источника: ${SEX_LIST}` : OWN_NOTE,
      sourced_fields: sourced ? ['prefix', 'sex', 'source'] : [],
    });
  }
}

const pack = {
  pack: 'Библиотека Medex',
  version: '2026.1',
  guidelines: [...base.guidelines.map(baseGuideline), ...register, ...internal],
  pairs,
  demographics,
  visits: base.visits,
  day: base.day,
};
const lines = (items) => items.map((item) => JSON.stringify(item)).join(',\n');
writeFileSync(
  here('../guidelines.json'),
  `{"pack":${JSON.stringify(pack.pack)},"version":"${pack.version}",\n"guidelines":[\n${lines(pack.guidelines)}\n],\n"pairs":[\n${lines(
    pack.pairs,
  )}\n],\n"demographics":[\n${lines(pack.demographics)}\n],\n"visits":${JSON.stringify(pack.visits)},"day":${JSON.stringify(pack.day)}}\n`,
);
console.log(
  `${pack.guidelines.length} guidelines, ${pack.pairs.length} pairs, ${pack.demographics.length} demographic rules, ${
    pack.guidelines.flatMap((g) => g.services).length
  } guideline services`,
);
