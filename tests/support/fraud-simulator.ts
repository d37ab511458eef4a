import { seededRandom } from '../../models/fraud/math';
import { type FraudInput } from '../../models/fraud/types';
import { SERVICE_KINDS } from '../../models/service-kinds';

/** A planted scheme; doctor -1: the whole clinic. */
export interface Planted {
  readonly clinic: number;
  readonly doctor: number;
  readonly scheme: 'phantom' | 'upcoding';
  readonly share: number;
}

export interface SimulatedWorld {
  readonly input: FraudInput;
  readonly planted: readonly Planted[];
  /** 1 for lines billed and not rendered. */
  readonly phantom: Uint8Array;
}

export interface SimulatorOptions {
  readonly seed: number;
  readonly clinics?: number;
  /** Mean episodes a clinic; sizes are log-normal around it. */
  readonly episodes?: number;
  /** Schemes to plant: kinds in order, or a number of random ones. */
  readonly schemes?: readonly ('phantom-clinic' | 'phantom-doctor' | 'upcoding-doctor' | 'upcoding-clinic')[];
  /** Share of visits that answer. */
  readonly answered?: number;
  /** Patients' chance to deny what was done, and to confirm what was not. */
  readonly forget?: number;
  readonly confirm?: number;
}

const SPECIALTIES = 10;
const SERVICES_EACH = 16;
const DAYS = 90;

interface Line {
  clinic: number;
  doctor: number;
  person: number;
  day: number;
  service: number;
  diagnosis: number;
  episode: number;
  payable: number;
  phantom: number;
  upcoded: boolean;
}

/** Services: 0 primary and 1 repeat visit of each specialty, then the specialty's tests, images and courses. */
function buildServices(): FraudInput['services'] {
  const length = SPECIALTIES * SERVICES_EACH;
  const kind = new Uint8Array(length);
  const minutes = new Float64Array(length);
  const visitType = new Uint8Array(length);
  const specialty = new Int32Array(length);
  for (let s = 0; s < length; s++) {
    const within = s % SERVICES_EACH;
    specialty[s] = within < 2 ? Math.floor(s / SERVICES_EACH) : -1;
    visitType[s] = within === 0 ? 1 : within === 1 ? 2 : 0;
    minutes[s] = within === 0 ? 30 - 10 * (Math.floor(s / SERVICES_EACH) % 2) : within === 1 ? 20 : 0;
    kind[s] =
      within < 2
        ? 0
        : SERVICE_KINDS.indexOf(within < 8 ? 'lab' : within < 11 ? 'imaging' : within < 13 ? 'procedure' : 'physio');
  }
  return { length, kind, minutes, visitType, specialty };
}

/** Box-Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function poisson(mean: number, random: () => number): number {
  let k = 0;
  for (let p = random(); p > Math.exp(-mean); p *= random()) k++;
  return k;
}

/**
 * A made-up book with honest habits (clinics and doctors differ in volume, visit mix and speed; patients forget), into
 * which schemes are planted: invented lines are added to real episodes (never first visits), upcoded visits are short.
 * It shares no code with the models and knows nothing of their parameters.
 */
export function simulateWorld(options: SimulatorOptions): SimulatedWorld {
  const random = seededRandom(options.seed * 7919 + 17);
  const clinics = options.clinics ?? 24;
  const services = buildServices();
  const lines: Line[] = [];
  const doctorsOf: { id: number; clinic: number; specialty: number; weight: number; speed: number }[] = [];
  let doctor = 0;
  let episode = 0;
  const people = clinics * 60;
  const volume: number[] = [];
  for (let c = 0; c < clinics; c++) {
    const size = Math.max(8, Math.round((options.episodes ?? 150) * Math.exp(0.9 * normal(random) - 0.4)));
    const habit = Math.exp(0.08 * normal(random));
    const own: typeof doctorsOf = [];
    for (let s = 0; s < SPECIALTIES; s++) {
      const count = 1 + Math.floor(random() * 1.5 + size / 400);
      for (let d = 0; d < count; d++) {
        own.push({
          id: doctor++,
          clinic: c,
          specialty: s,
          weight: Math.exp(0.9 * normal(random)),
          speed: Math.exp(0.1 * normal(random)),
        });
      }
    }
    const radiologist = doctor++;
    doctorsOf.push(...own);
    const total = own.reduce((sum, d) => sum + d.weight, 0);
    for (let e = 0; e < size; e++) {
      let draw = random() * total;
      const lead = own.find((d) => (draw -= d.weight) <= 0) ?? own[0]!;
      addEpisode(lines, { clinic: c, lead, radiologist, episode: episode++, people, habit, random });
    }
    volume[c] = size;
  }
  const planted = plant(lines, doctorsOf, volume, options, random);
  const doctorSpeed = new Map(doctorsOf.map((d) => [d.id, d.speed]));
  lines.sort((a, b) => a.clinic - b.clinic || a.day - b.day || a.person - b.person);
  const column = (name: keyof Line): Int32Array => Int32Array.from(lines, (line) => Number(line[name]));
  const input: FraudInput = {
    clinics,
    doctors: doctor,
    services,
    bundled: [],
    maxDoctorMinutes: 720,
    lines: {
      length: lines.length,
      clinic: column('clinic'),
      doctor: column('doctor'),
      person: column('person'),
      day: column('day'),
      service: column('service'),
      diagnosis: column('diagnosis'),
      episode: column('episode'),
      quantity: new Int32Array(lines.length).fill(1),
      payable: Float64Array.from(lines, (line) => line.payable),
    },
    answers: answer(lines, services, doctorSpeed, options, random),
  };
  return { input, planted, phantom: Uint8Array.from(lines, (line) => line.phantom) };
}

interface EpisodeDraft {
  clinic: number;
  lead: { id: number; specialty: number };
  radiologist: number;
  episode: number;
  people: number;
  habit: number;
  random: () => number;
}

function addEpisode(lines: Line[], draft: EpisodeDraft): void {
  const { clinic, lead, radiologist, episode, people, habit, random } = draft;
  const person = Math.floor(random() * people);
  const start = 20_000 + Math.floor(random() * (DAYS - 20));
  const diagnosis = lead.specialty * 4 + Math.floor(random() * 4);
  const push = (within: number, day: number, upcoded = false): void => {
    const own = within < 8;
    lines.push({
      clinic,
      doctor: own ? lead.id : radiologist,
      person,
      day,
      service: lead.specialty * SERVICES_EACH + within,
      diagnosis,
      episode,
      payable: (within < 2 ? 300_000 : 60_000 + 20_000 * within) * (0.8 + 0.4 * random()),
      phantom: 0,
      upcoded,
    });
  };
  push(0, start);
  for (let within = 2; within < SERVICES_EACH; within++) {
    const chance = (0.45 - 0.025 * within) * habit * (1 + 0.3 * Math.sin(diagnosis * 3 + within));
    if (random() > chance) continue;
    const course = within >= 13 ? 1 + Math.floor(random() * 6) : 1;
    for (let i = 0; i < course; i++) push(within, start + i + (random() < 0.5 ? 0 : Math.floor(random() * 6)));
  }
  for (let i = poisson(0.9, random); i > 0; i--) push(1, start + 5 + Math.floor(random() * 14));
}

function plant(
  lines: Line[],
  doctors: readonly { id: number; clinic: number; specialty: number }[],
  volume: readonly number[],
  options: SimulatorOptions,
  random: () => number,
): Planted[] {
  const planted: Planted[] = [];
  const used = new Set<number>();
  const byEpisode = new Map<number, Line[]>();
  for (const line of lines) byEpisode.set(line.episode, [...(byEpisode.get(line.episode) ?? []), line]);
  const episodes = [...byEpisode.values()];
  for (const kind of options.schemes ?? []) {
    const whole = kind.endsWith('clinic');
    const clinicsLeft = volume.map((_v, c) => c).filter((c) => !used.has(c) && volume[c]! >= (whole ? 40 : 80));
    if (clinicsLeft.length === 0) continue;
    const clinic = clinicsLeft[Math.floor(random() * clinicsLeft.length)]!;
    used.add(clinic);
    const inClinic = episodes.filter((own) => own[0]!.clinic === clinic);
    const count = (id: number): number => inClinic.filter((own) => own[0]!.doctor === id).length;
    const ranked = doctors.filter((d) => d.clinic === clinic).sort((a, b) => count(b.id) - count(a.id));
    const busy = ranked.filter((d) => count(d.id) >= 20);
    const doctor = whole ? -1 : (busy[Math.floor(random() * busy.length)] ?? ranked[0]!).id;
    const mine = whole ? inClinic : inClinic.filter((own) => own[0]!.doctor === doctor);
    if (kind.startsWith('phantom')) {
      const share = whole ? 0.1 + 0.2 * random() : 0.2 + 0.2 * random();
      for (const own of mine) addPhantoms(lines, own, share, random);
      planted.push({ clinic, doctor, scheme: 'phantom', share });
    } else {
      const share = whole ? 0.3 + 0.3 * random() : 0.4 + 0.4 * random();
      for (const line of mine.flat()) if (line.service % SERVICES_EACH < 2 && random() < share) line.upcoded = true;
      planted.push({ clinic, doctor, scheme: 'upcoding', share });
    }
  }
  return planted;
}

function addPhantoms(lines: Line[], own: readonly Line[], share: number, random: () => number): void {
  for (let i = poisson((own.length * share) / (1 - share), random); i > 0; i--) {
    const model = own[0]!;
    const within = random() < 0.2 ? 1 : 2 + Math.floor(random() * (SERVICES_EACH - 2));
    const real = own.find((line) => line.service % SERVICES_EACH >= 8);
    lines.push({
      ...model,
      doctor: within < 8 ? model.doctor : (real?.doctor ?? model.doctor),
      service: Math.floor(model.service / SERVICES_EACH) * SERVICES_EACH + within,
      day: model.day + (random() < 0.4 ? 0 : Math.floor(random() * 14)),
      payable: 60_000 + 20_000 * within,
      phantom: 1,
      upcoded: false,
    });
  }
}

function answer(
  lines: readonly Line[],
  services: FraudInput['services'],
  doctorSpeed: ReadonlyMap<number, number>,
  options: SimulatorOptions,
  random: () => number,
): FraudInput['answers'] {
  const answered = options.answered ?? 0.25 + 0.15 * random();
  const forget = options.forget ?? 0.015 + 0.02 * random();
  const confirm = options.confirm ?? 0.12 + 0.15 * random();
  const rows: number[][] = [];
  const visits = new Map<string, number[]>();
  lines.forEach((line, row) => {
    const key = `${line.clinic}|${line.person}|${line.day}`;
    visits.set(key, [...(visits.get(key) ?? []), row]);
  });
  const yesNo = (done: boolean): number => {
    if (random() < 0.04) return 2;
    return done ? (random() < forget ? 0 : 1) : random() < confirm ? 1 : 0;
  };
  for (const own of visits.values()) {
    if (random() > answered) continue;
    const first = lines[own[0]!]!;
    const say = (line: number, question: number, value: number): void => {
      rows.push([line, first.clinic, first.person, first.day, question, value]);
    };
    const real = own.filter((row) => lines[row]!.phantom === 0);
    const hurried = real.some((row) => lines[row]!.upcoded);
    if (random() < 0.5) say(-1, 0, yesNo(real.length > 0));
    const asked = own.filter(() => random() < 0.6).slice(0, 3);
    for (const row of asked) say(row, 1, yesNo(lines[row]!.phantom === 0));
    const visit = real.find((row) => services.visitType[lines[row]!.service]! > 0);
    if (visit !== undefined && random() < 0.5) {
      const nominal = services.minutes[lines[visit]!.service]!;
      const speed = doctorSpeed.get(lines[visit]!.doctor) ?? 1;
      const usual = nominal * speed * Math.exp(0.2 * normal(random) - 0.1);
      const stray = random() < 0.03 ? 0.3 : 1;
      say(-1, 2, Math.max(2, Math.round(hurried ? 4 + 4 * random() : usual * stray)));
    }
    const bad = hurried || real.length < own.length;
    if (random() < 0.4) say(-1, 4, 1 + Math.min(4, Math.floor((bad ? 4 : 6) * random() + (bad ? 0 : 1))));
    if (random() < 0.15) {
      const said = real.length < own.length ? 1 : hurried ? 2 : 0;
      say(-1, 5, random() < (said > 0 ? 0.6 : 0.01) ? (said > 0 ? said : 1) : 0);
    }
  }
  const pick = (i: number): number[] => rows.map((row) => row[i]!);
  return {
    length: rows.length,
    line: Int32Array.from(pick(0)),
    clinic: Int32Array.from(pick(1)),
    person: Int32Array.from(pick(2)),
    day: Int32Array.from(pick(3)),
    question: Uint8Array.from(pick(4)),
    value: Float32Array.from(pick(5)),
  };
}
