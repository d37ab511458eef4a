import type { WorldRows } from '../../../models/review/from-rows';

/**
 * The table of `formats.md`, read word by word and computed by brute force over raw rows: every rule looks at all lines
 * again. Shares no code with the engine (types of the files only), so that a mistake has to be made twice to pass.
 */
type Row = Readonly<Record<string, string>>;

interface Line {
  row: Row;
  item: Row | undefined;
  service: Row | undefined;
  person: Row | undefined;
  enrolment: Row | undefined;
  programme: WorldRows['programmes'][number] | undefined;
  quantity: number;
  unit: number;
  amount: number;
  share: number;
}

const days = (iso: string): number => Date.parse(`${iso}T00:00:00Z`) / 86_400_000;
const kop = (rub: string): number => Number(BigInt(rub.replace('.', '')));
const starts = (code: string, prefixes: readonly string[]): boolean =>
  prefixes.some((prefix) => code.startsWith(prefix));

/** All findings as "clinic|invoice|line code", sorted. */
export function oracleFindings(world: WorldRows): string[] {
  const lines = world.invoices.map((row) => readLine(world, row));
  const found: string[] = [];
  lines.forEach((line) => {
    for (const code of codesOf(world, lines, line)) {
      found.push(`${line.row.clinic_code}|${line.row.invoice_no}|${line.row.line_no} ${code}`);
    }
  });
  return found.sort();
}

function readLine(world: WorldRows, row: Row): Line {
  const inForce = world.priceItems.filter(
    (item) =>
      item.clinic_code === row.clinic_code &&
      item.item_code === row.item_code &&
      item.valid_from! <= row.service_date! &&
      (item.valid_to === '' || row.service_date! <= item.valid_to!),
  );
  const item = latest(inForce, 'valid_from');
  const mine = world.insured.filter((insured) => insured.policy_no === row.policy_no);
  const covering = mine.filter((e) => e.enrolled_from! <= row.service_date! && row.service_date! <= e.enrolled_to!);
  const enrolment = latest(covering, 'enrolled_from');
  return {
    row,
    item,
    service: item?.service_code ? world.nomenclature.find((s) => s.service_code === item.service_code) : undefined,
    person: mine[0],
    enrolment,
    programme: world.programmes.find((p) => p.programme_code === enrolment?.programme_code),
    quantity: Number(row.quantity),
    unit: kop(row.unit_price_rub!),
    amount: kop(row.amount_rub!),
    share: kop(row.patient_share_rub!),
  };
}

function latest(rows: readonly Row[], column: string): Row | undefined {
  return rows.reduce<Row | undefined>((best, row) => (best && best[column]! >= row[column]! ? best : row), undefined);
}

function earlier(a: Line, b: Line): boolean {
  for (const column of ['service_date', 'clinic_code', 'invoice_no'] as const) {
    const order = byCodePoint(a.row[column]!, b.row[column]!);
    if (order !== 0) return order < 0;
  }
  return Number(a.row.line_no) < Number(b.row.line_no);
}

function byCodePoint(a: string, b: string): number {
  const x = Array.from(a, (c) => c.codePointAt(0)!);
  const y = Array.from(b, (c) => c.codePointAt(0)!);
  for (let i = 0; i < Math.min(x.length, y.length); i += 1) if (x[i] !== y[i]) return x[i]! - y[i]!;
  return x.length - y.length;
}

/** Whole years: the number of birthdays that have come; a 29 February birthday comes on 1 March in common years. */
function ageOn(birth: string, day: string): number {
  let age = -1;
  for (let year = Number(birth.slice(0, 4)); anniversary(birth, year) <= day; year += 1) age += 1;
  return age;
}

function anniversary(start: string, year: number): string {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const monthDay = start.slice(5) === '02-29' && !leap ? '03-01' : start.slice(5);
  return `${year}-${monthDay}`;
}

function contractYear(world: WorldRows, line: Line): string {
  const start = world.contracts.find((c) => c.contract_no === line.programme!.contract_no)!.start_date!;
  let year = Number(start.slice(0, 4)) - 5;
  while (anniversary(start, year + 1) <= line.row.service_date!) year += 1;
  return `${line.programme!.contract_no} ${year}`;
}

/** amount x percent / 100, half up, in integers of a millionth of a kopeck. */
function franchise(amount: number, percent: number): number {
  const micro = BigInt(Math.round(percent * 1e6));
  const exact = BigInt(amount) * micro;
  return Number((exact + 50_000_000n) / 100_000_000n);
}

function codesOf(world: WorldRows, lines: readonly Line[], line: Line): string[] {
  const codes: string[] = [];
  const add = (code: string, condition: boolean | undefined): void => {
    if (condition) codes.push(code);
  };
  const { row, service, person, programme, item } = line;
  const date = row.service_date!;
  const svc = service?.service_code ?? '';
  const kind = service?.kind ?? '';
  const clinic = world.clinics.find((c) => c.clinic_code === row.clinic_code);
  const upTo = (test: (other: Line) => boolean): Line[] =>
    lines.filter((other) => test(other) && (other === line || earlier(other, line)));
  const before = (test: (other: Line) => boolean): Line[] => upTo((other) => other !== line && test(other));
  const samePerson = (other: Line): boolean => other.row.policy_no === row.policy_no;
  const sum = (some: readonly Line[], value: (other: Line) => number): number => some.reduce((t, o) => t + value(o), 0);

  add('ELIG-01', !person);
  add('ELIG-02', person && !line.enrolment);
  if (programme) {
    add('ELIG-03', !programme.clinics.includes(row.clinic_code!));
    add('ELIG-04', service && (!programme.covered_kinds.includes(kind) || starts(svc, programme.excluded_services)));
    add('ELIG-05', starts(row.diagnosis_code!, programme.excluded_diagnoses));
    add('ELIG-06', days(date) < days(line.enrolment!.enrolled_from!) + programme.waiting_days);
    const known = world.letters.some((l) => l.letter_no === row.letter_no);
    add('AUTH-01', service && starts(svc, programme.letter_required) && !known);
    const year = contractYear(world, line);
    const inYear = upTo((o) => samePerson(o) && !!o.programme && contractYear(world, o) === year);
    add(
      'LIMI-01',
      service &&
        programme.service_limits.some(
          (limit) =>
            svc.startsWith(limit.service) &&
            sum(
              inYear.filter((o) => o.service?.service_code!.startsWith(limit.service)),
              (o) => o.quantity,
            ) > limit.max_quantity,
        ),
    );
    const limit = programme.annual_limit_rub;
    add('LIMI-02', limit !== null && sum(inYear, (o) => o.amount - o.share) > limit * 100);
    add('LIMI-03', line.share !== franchise(line.amount, programme.franchise_percent));
  }
  const letter = world.letters.find((l) => l.letter_no === row.letter_no);
  if (letter) {
    const other = letter.policy_no !== row.policy_no || letter.clinic_code !== row.clinic_code;
    add('AUTH-02', other || (service && letter.service_code !== svc));
    add('AUTH-03', date < letter.valid_from! || date > letter.valid_to!);
    const cited = upTo((o) => o.row.letter_no === letter.letter_no);
    const units = sum(cited, (o) => o.quantity);
    add('AUTH-04', units > Number(letter.quantity) || sum(cited, (o) => o.amount) > kop(letter.amount_rub!));
  }
  add('PRIC-01', !item);
  add('PRIC-02', item && line.unit > kop(item.price_rub!));
  add('PRIC-03', line.amount !== line.quantity * line.unit);
  add(
    'PRIC-04',
    service && clinic?.payment_mode === 'capitation' && !['inpatient', 'surgery', 'dental'].includes(kind),
  );

  const twin = (o: Line): boolean => samePerson(o) && o.row.service_date === date && o.service?.service_code === svc;
  const dupl01 =
    !!service &&
    before(
      (o) =>
        twin(o) &&
        o.row.clinic_code === row.clinic_code &&
        o.row.tooth === row.tooth &&
        o.row.doctor_id === row.doctor_id,
    ).length > 0;
  const dupl02 =
    ['consultation', 'lab', 'imaging'].includes(kind) &&
    before((o) => twin(o) && o.row.clinic_code !== row.clinic_code).length > 0;
  add('DUPL-01', dupl01);
  add('DUPL-02', dupl02);

  if (person) medical(world, line, add, { before, upTo, samePerson, sum, duplicate: dupl01 || dupl02 });
  const known = world.diagnoses.find((d) => d.diagnosis_code === row.diagnosis_code);
  add('CLIN-02', !known || known.billable === '0');
  combinations(world, lines, line, add, before);

  const invoiceDate = row.invoice_date!;
  const sunday = new Date(`${date}T00:00:00Z`).getUTCDay() === 0;
  add('PLAU-01', date > invoiceDate || (sunday && clinic?.open_sunday === '0'));
  if (service?.minutes && row.doctor_id) {
    const sameDay = upTo(
      (o) => o.row.doctor_id === row.doctor_id && o.row.service_date === date && !!o.service?.minutes,
    );
    const max = world.guidelines[0]!.day!.max_doctor_minutes;
    add('PLAU-02', sum(sameDay, (o) => Number(o.service!.minutes) * o.quantity) > max);
  }
  const words = (service?.name ?? '').toLowerCase().split(/[^а-яёa-z0-9]+/);
  const tooth = row.tooth!;
  const valid =
    tooth.length === 2 &&
    '12345678'.includes(tooth[0]!) &&
    '12345678'.includes(tooth[1]!) &&
    !(tooth[0]! > '4' && tooth[1]! > '5');
  const pulled = lines.some(
    (o) =>
      samePerson(o) &&
      tooth !== '' &&
      o.row.tooth === tooth &&
      o.service?.service_code!.startsWith('A16.07.001') &&
      o.row.service_date! < date,
  );
  add(
    'PLAU-03',
    (tooth === '' ? kind === 'dental' && words.includes('зуба') : !valid) || (kind === 'dental' && pulled),
  );
  add('PLAU-04', clinic && days(invoiceDate) > days(date) + Number(clinic.billing_term_days));
  return codes;
}

interface Helpers {
  before: (test: (other: Line) => boolean) => Line[];
  upTo: (test: (other: Line) => boolean) => Line[];
  samePerson: (other: Line) => boolean;
  sum: (some: readonly Line[], value: (other: Line) => number) => number;
  duplicate: boolean;
}

function medical(
  world: WorldRows,
  line: Line,
  add: (code: string, condition: boolean | undefined) => void,
  help: Helpers,
): void {
  const { row, service, person } = line;
  const svc = service?.service_code ?? '';
  const pack = world.guidelines[0]!;
  const age = ageOn(person!.birth_date!, row.service_date!);
  const tooYoung = (from: number | null): boolean => from !== null && age < from;
  const tooOld = (to: number | null): boolean => to !== null && age > to;
  const applying = pack.guidelines.filter(
    (g) =>
      g.valid_from <= row.service_date! &&
      (g.valid_to === null || row.service_date! <= g.valid_to) &&
      starts(row.diagnosis_code!, g.diagnoses) &&
      !tooYoung(g.age_from) &&
      !tooOld(g.age_to),
  );
  const entries = applying.flatMap((g) => g.services.filter((s) => svc.startsWith(s.service)));
  if (service && entries.length > 0) {
    const sameService = (o: Line): boolean => help.samePerson(o) && o.service?.service_code === svc;
    const maxima = entries.map((entry) => entry.max_per_episode);
    if (row.episode_no && !maxima.includes(null)) {
      const inEpisode = help.upTo(
        (o) => sameService(o) && o.row.episode_no === row.episode_no && o.row.clinic_code === row.clinic_code,
      );
      add('FREQ-01', help.sum(inEpisode, (o) => o.quantity) > Math.max(...(maxima as number[])));
    }
    const intervals = entries.map((entry) => entry.min_interval_days);
    if (!intervals.includes(null) && !help.duplicate) {
      const gaps = help.before(sameService).map((o) => days(row.service_date!) - days(o.row.service_date!));
      add('FREQ-02', gaps.length > 0 && Math.min(...gaps) < Math.min(...(intervals as number[])));
    }
  }
  const rulesOn = (target: string, code: string) =>
    pack.demographics.filter((d) => d.target === target && code.startsWith(d.prefix));
  const bySex = (rules: typeof pack.demographics): boolean =>
    rules.some((d) => d.sex !== null && d.sex !== person!.sex);
  const byAge = (rules: typeof pack.demographics): boolean =>
    rules.some((d) => tooYoung(d.age_from) || tooOld(d.age_to));
  const ofService = service ? rulesOn('service', svc) : [];
  const ofDiagnosis = rulesOn('diagnosis', row.diagnosis_code!);
  add('DEMO-01', bySex(ofService));
  add('DEMO-02', byAge(ofService));
  add('DEMO-03', bySex(ofDiagnosis) || byAge(ofDiagnosis));
  const exempt = ['consultation', 'vaccination', 'other'].includes(service?.kind ?? '');
  add('CLIN-01', service && !exempt && applying.length > 0 && entries.length === 0);
  add('CLIN-03', service && applying.some((g) => g.contraindicated.some((c) => svc.startsWith(c.service))));
}

function combinations(
  world: WorldRows,
  lines: readonly Line[],
  line: Line,
  add: (code: string, condition: boolean | undefined) => void,
  before: (test: (other: Line) => boolean) => Line[],
): void {
  if (!line.service) return;
  const pack = world.guidelines[0]!;
  const is = (o: Line, prefix: string): boolean => o.service?.service_code!.startsWith(prefix) ?? false;
  const samePerson = (o: Line): boolean => o.row.policy_no === line.row.policy_no;
  const distance = (o: Line): number => days(line.row.service_date!) - days(o.row.service_date!);
  for (const pair of pack.pairs.filter((p) => p.kind === 'bundled' && is(line, p.service))) {
    const near = lines.some(
      (o) =>
        o !== line &&
        samePerson(o) &&
        o.row.clinic_code === line.row.clinic_code &&
        is(o, pair.with) &&
        Math.abs(distance(o)) <= pair.window_days,
    );
    if (near) {
      add('COMB-01', true);
      break;
    }
  }
  const excluded = pack.pairs.some(
    (pair) =>
      pair.kind === 'exclusive' &&
      before(
        (o) =>
          samePerson(o) &&
          distance(o) <= pair.window_days &&
          ((is(line, pair.service) && is(o, pair.with)) || (is(line, pair.with) && is(o, pair.service))),
      ).length > 0,
  );
  add('COMB-02', excluded);
  const missing = pack.pairs.some(
    (pair) =>
      pair.kind === 'requires' &&
      is(line, pair.service) &&
      !lines.some((o) => samePerson(o) && is(o, pair.with) && distance(o) >= 0 && distance(o) <= pair.window_days),
  );
  add('COMB-03', missing);
  const { primary_suffix: suffix, primary_window_days: window } = pack.visits!;
  const visited = lines.some(
    (o) =>
      samePerson(o) &&
      o.service?.kind === 'consultation' &&
      o.service.specialty === line.service!.specialty &&
      o.row.clinic_code === line.row.clinic_code &&
      distance(o) >= 1 &&
      distance(o) <= window,
  );
  add('COMB-04', line.service.kind === 'consultation' && line.service.service_code!.endsWith(suffix) && visited);
}
