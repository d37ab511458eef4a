import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { seededRandom } from '../models/fraud/math';

/** The insurer's house stays as it is: only its book grows with time. */
const CLINICS = 500;
const DOCTORS_EACH = 40;
const SPECIALTIES = 20;
const TESTS = 60;
/** Every twentieth clinic bills a fifth more than it renders. */
const isGuilty = (clinic: number): boolean => clinic % 20 === 0;
const FIRST_DAY = Date.UTC(2024, 0, 1);
const DAYS = 700;

const clinicCode = (clinic: number): string => `C${String(clinic).padStart(3, '0')}`;
const isoDay = (day: number): string => new Date(FIRST_DAY + day * 86_400_000).toISOString().slice(0, 10);
const DATES = Array.from({ length: DAYS + 60 }, (_, day) => isoDay(day));

/** Writes a world of `lines` lines and a tenth as many answers; returns the number of guilty clinics. */
export async function writeFraudWorld(folder: string, lines: number): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const services = [
    ...Array.from({ length: SPECIALTIES * 2 }, (_, s) => {
      const specialty = String(s >> 1).padStart(3, '0');
      return `B01.${specialty}.00${1 + (s % 2)},Приём ${s},consultation,${specialty},20`;
    }),
    ...Array.from({ length: TESTS }, (_, s) => {
      const kind = ['lab', 'imaging', 'procedure', 'physio'][s % 4]!;
      return `A09.${String(s).padStart(3, '0')},Услуга ${s},${kind},,`;
    }),
  ];
  const codes = services.map((row) => row.split(',')[0]!);
  writeFileSync(
    join(folder, 'nomenclature.csv'),
    ['service_code,name,kind,specialty,minutes', ...services, ''].join('\n'),
  );
  const prices = Array.from({ length: CLINICS }, (_, clinic) =>
    codes.map((code, item) => `${clinicCode(clinic)},${item},Услуга,${code},1500.00,2020-01-01,\n`).join(''),
  );
  writeFileSync(
    join(folder, 'price-items.csv'),
    `clinic_code,item_code,item_name,service_code,price_rub,valid_from,valid_to\n${prices.join('')}`,
  );
  await writeBook(folder, lines);
  return CLINICS / 20;
}

async function writeBook(folder: string, lineCount: number): Promise<void> {
  const random = seededRandom(lineCount);
  const invoices = createWriteStream(join(folder, 'invoices.csv'));
  const feedback = createWriteStream(join(folder, 'feedback.csv'));
  invoices.write(
    'clinic_code,invoice_no,invoice_date,line_no,policy_no,service_date,diagnosis_code,item_code,item_name,quantity,' +
      'unit_price_rub,amount_rub,patient_share_rub,doctor_id,tooth,letter_no,episode_no\n',
  );
  feedback.write('survey_id,clinic_code,invoice_no,line_no,policy_no,visit_date,answered_at,question,answer\n');
  const next = new Int32Array(CLINICS);
  const people = Math.max(1000, Math.round(lineCount / 12));
  let text = '';
  let answers = '';
  let survey = 0;
  for (let row = 0, episode = 0; row < lineCount; episode++) {
    const clinic = Math.floor(random() * CLINICS);
    const doctor = Math.floor(random() * DOCTORS_EACH);
    // Everybody has two clinics near home and goes elsewhere now and then.
    const near = Math.floor(random() * people);
    const person = random() < 0.9 ? near - (near % CLINICS) + clinic : near;
    const start = Math.floor(random() * DAYS);
    const size = 1 + Math.floor(random() * 7 * (isGuilty(clinic) ? 1.25 : 1));
    for (let i = 0; i < size && row < lineCount; i++, row++) {
      const day = DATES[start + (i < 3 ? 0 : Math.floor(random() * 14))]!;
      const item = i === 0 ? (doctor % SPECIALTIES) * 2 + (random() < 0.5 ? 1 : 0) : 40 + Math.floor(random() * TESTS);
      const line = next[clinic]!++;
      const invoice = `${clinicCode(clinic)}-${line >> 8}`;
      text +=
        `${clinicCode(clinic)},${invoice},2026-01-15,${line & 255},P${person},${day},J0${doctor % 10}.1,${item},` +
        `Услуга ${item},1,1500.00,1500.00,0.00,D${clinic * DOCTORS_EACH + doctor},,,E${episode}\n`;
      if (random() >= 0.1) continue;
      const whole = random() < 0.3;
      // Invented lines stand beside real ones, so the visit itself is rarely denied.
      const denied = random() < (isGuilty(clinic) && !whole ? 0.18 : 0.025);
      const asked = whole ? (random() < 0.4 ? 'duration-minutes' : 'visit-happened') : 'service-rendered';
      const said = asked === 'duration-minutes' ? String(10 + Math.floor(15 * random())) : denied ? 'no' : 'yes';
      answers += `S${survey++},${clinicCode(clinic)},${invoice},${whole ? '' : line & 255},P${person},${day},${day}T12:00,${asked},${said}\n`;
    }
    if (text.length < 1 << 19) continue;
    if (!invoices.write(text)) await once(invoices, 'drain');
    if (!feedback.write(answers)) await once(feedback, 'drain');
    text = '';
    answers = '';
  }
  for (const [stream, rest] of [
    [invoices, text],
    [feedback, answers],
  ] as const) {
    stream.end(rest);
    await once(stream, 'close');
  }
}
