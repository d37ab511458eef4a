import { alertText } from '../models/fraud/evidence-text';
import { scoreFraud } from '../models/fraud/score';
import type { FraudInput, LineColumns } from '../models/fraud/types';
import { simulateWorld } from './support/fraud-simulator';

const COLUMNS = ['clinic', 'doctor', 'person', 'day', 'service', 'diagnosis', 'episode', 'quantity'] as const;

/** The input with more lines: copies of rows with some columns changed. */
function withLines(input: FraudInput, copies: readonly { row: number; change: Partial<Record<string, number>> }[]) {
  const { lines } = input;
  const column = (name: (typeof COLUMNS)[number]): Int32Array =>
    Int32Array.from([...lines[name], ...copies.map(({ row, change }) => change[name] ?? lines[name][row]!)]);
  const grown = Object.fromEntries(COLUMNS.map((name) => [name, column(name)])) as unknown as LineColumns;
  const payable = Float64Array.from([...lines.payable, ...copies.map(({ row }) => lines.payable[row]!)]);
  return { ...input, lines: { ...grown, payable, length: lines.length + copies.length } };
}

const rowsWhere = (input: FraudInput, test: (row: number) => boolean): number[] =>
  Array.from({ length: input.lines.length }, (_, row) => row).filter(test);

describe('billing patterns that need no answers', () => {
  const { input } = simulateWorld({ seed: 31, clinics: 8, episodes: 120, answered: 0 });
  const { lines } = input;
  // One doctor who does a good deal of what is tampered with below.
  const whole = 2;
  const doing = rowsWhere(input, (row) => lines.service[row] === whole);
  const doctor = doing
    .map((row) => lines.doctor[row]!)
    .sort(
      (a, b) => doing.filter((r) => lines.doctor[r] === b).length - doing.filter((r) => lines.doctor[r] === a).length,
    )[0]!;
  const mine = doing.filter((row) => lines.doctor[row] === doctor);
  const bundled = [{ part: 159, whole, windowDays: 3 }];

  it('sees a service split over several days, within the window of the pair only', () => {
    const split = (later: number) => {
      const copies = mine.map((row) => ({ row, change: { service: 159, day: lines.day[row]! + later } }));
      const { alerts } = scoreFraud({ ...withLines(input, copies), bundled });
      return alerts.find((alert) => alert.doctor === doctor)!.parts.find((part) => part.scheme === 'unbundling')!;
    };
    const within = split(2);
    expect(within.facts['bundled']).toBe(mine.length);
    expect(within.posterior).toBeGreaterThan(0.9);
    expect(within.expected).toBeGreaterThan(0);
    expect(split(4).facts['bundled']).toBe(0);
  });

  it('sees days that no doctor has, and says which', () => {
    const visits = rowsWhere(
      input,
      (row) => lines.doctor[row] === doctor && input.services.minutes[lines.service[row]!]! > 0,
    );
    const long = visits.slice(0, 12).map((row) => ({ row, change: { quantity: 40 } }));
    const { alerts } = scoreFraud(withLines(input, long));
    const alert = alerts.find((one) => one.doctor === doctor)!;
    expect(alert.scheme).toBe('impossible-days');
    expect(alert.score).toBeGreaterThan(0.9);
    expect(alertText(alert, 'ru')).toMatch(/дней сверх предела рабочего времени: \d+ из \d+/);
    expect(alerts.filter((one) => one.decision === 'open').map((one) => one.doctor)).toEqual([doctor]);
  });

  it('sees patients passed between two doctors of different clinics', () => {
    const town = simulateWorld({ seed: 31, clinics: 24, episodes: 120, answered: 0 }).input;
    const first = rowsWhere(town, (row) => town.services.visitType[town.lines.service[row]!] === 1);
    const count = (id: number): number => first.filter((row) => town.lines.doctor[row] === id).length;
    const busiest = [...new Set(first.map((row) => town.lines.doctor[row]!))].sort((a, b) => count(b) - count(a))[0]!;
    const leading = first.filter((row) => town.lines.doctor[row] === busiest);
    const clinic = town.lines.clinic[leading[0]!]!;
    const friend = first.find((row) => town.lines.clinic[row] !== clinic)!;
    const shared = leading.map((row, i) => ({
      row,
      change: {
        clinic: town.lines.clinic[friend]!,
        doctor: town.lines.doctor[friend]!,
        episode: 1_000_000 + i,
        day: town.lines.day[row]! + 1,
      },
    }));
    const { alerts } = scoreFraud(withLines(town, shared));
    const guilty = alerts.filter(({ parts }) => parts.some((one) => one.scheme === 'network' && one.posterior > 0.9));
    expect(guilty.map(({ doctor: one }) => one).sort((a, b) => a - b)).toEqual(
      [busiest, town.lines.doctor[friend]!].sort((a, b) => a - b),
    );
    expect(alertText(guilty[0]!, 'en')).toMatch(/shares \d+ of \d+ patients with one other doctor/);
  });
});
