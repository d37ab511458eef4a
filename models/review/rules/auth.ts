import { isoOfDay } from '../days';
import { partOf } from '../money';
import { hasBit } from '../prefixes';
import type { Review, Rule } from '../rule';
import { HIT, LETTER_UNKNOWN, NO_LETTER_CITED, NO_LETTER_NEEDED, NO_SERVICE, PASS, insurerShare } from '../rule';
import { NO_LETTER } from '../table';
import { withoutProgramme } from './elig';
import { dateOrNull, letterOf, programmeOf, serviceOf } from './read';

const shared = {
  version: '1',
  scope: 'person',
  family: 'AUTH',
  severity: 'high',
  ground: 'administrative',
  atRisk: insurerShare,
} as const satisfies Partial<Rule>;

/** AUTH-02 to -04 judge a letter that exists; says why there is none, or PASS. */
function withoutLetter({ table }: Review, row: number): number {
  const letter = table.letter[row]!;
  if (letter >= 0) return PASS;
  return letter === NO_LETTER ? NO_LETTER_CITED : LETTER_UNKNOWN;
}

export const AUTH_RULES: readonly Rule[] = [
  {
    ...shared,
    code: 'AUTH-01',
    id: 'letter-missing',
    check: (review, row) => {
      const blocked = withoutProgramme(review, row);
      if (blocked !== PASS) return blocked;
      const { compiled, cover, lines, table } = review;
      const service = lines.service[row]!;
      if (service < 0) return NO_SERVICE;
      if (!hasBit(compiled.cover.letterRequired, cover.programme[row]!, service)) return NO_LETTER_NEEDED;
      return table.letter[row]! < 0 ? HIT : PASS;
    },
    values: (review, row) => {
      const programme = review.compiled.source.programmes[review.cover.programme[row]!];
      const code = review.compiled.source.services[review.lines.service[row]!]?.code;
      const letter = review.table.letter[row]!;
      return {
        ...serviceOf(review, row),
        ...programmeOf(review, row),
        requiredPrefix: programme?.letterRequired.find((prefix) => code?.startsWith(prefix)) ?? null,
        ...letterOf(review, row),
        variant: letter === NO_LETTER ? 'empty' : 'unknown',
      };
    },
  },
  {
    ...shared,
    code: 'AUTH-02',
    id: 'letter-of-another',
    suspects: ({ table }) => table.letter,
    check: (review, row) => {
      const blocked = withoutLetter(review, row);
      if (blocked !== PASS) return blocked;
      const { subjects, table, lines } = review;
      const letter = table.letter[row]!;
      if (subjects.letters.person[letter] !== table.person[row]) return HIT;
      if (subjects.letters.clinic[letter] !== table.clinic[row]) return HIT;
      // A line without a service is still held against the letter's person and clinic: only that part is left out.
      const service = lines.service[row]!;
      return service >= 0 && subjects.letters.service[letter] !== service ? HIT : PASS;
    },
    values: (review, row) => {
      const { subjects, table, lines, compiled } = review;
      const letter = table.letter[row]!;
      if (letter < 0) return letterOf(review, row);
      const samePerson = subjects.letters.person[letter] === table.person[row];
      const sameClinic = subjects.letters.clinic[letter] === table.clinic[row];
      const service = compiled.source.services[subjects.letters.service[letter]!];
      return {
        ...letterOf(review, row),
        ...serviceOf(review, row),
        samePerson,
        sameClinic,
        sameService: lines.service[row]! < 0 ? null : subjects.letters.service[letter] === lines.service[row],
        letterClinic: compiled.source.clinics[subjects.letters.clinic[letter]!]?.code ?? null,
        letterService: service ? `${service.code} ${service.name}` : null,
        clinicCode: compiled.source.clinics[table.clinic[row]!]?.code ?? null,
        variant: samePerson ? (sameClinic ? 'service' : 'clinic') : 'person',
      };
    },
  },
  {
    ...shared,
    code: 'AUTH-03',
    id: 'letter-period',
    suspects: ({ table }) => table.letter,
    check: (review, row) => {
      const blocked = withoutLetter(review, row);
      if (blocked !== PASS) return blocked;
      const { subjects, table } = review;
      const letter = table.letter[row]!;
      const day = table.serviceDay[row]!;
      return day < subjects.letters.fromDay[letter]! || day > subjects.letters.toDay[letter]! ? HIT : PASS;
    },
    values: (review, row) => {
      const { subjects, table } = review;
      const letter = table.letter[row]!;
      return {
        ...letterOf(review, row),
        serviceDate: isoOfDay(table.serviceDay[row]!),
        letterFromDate: dateOrNull(subjects.letters.fromDay[letter]),
        letterToDate: dateOrNull(subjects.letters.toDay[letter]),
      };
    },
  },
  {
    ...shared,
    code: 'AUTH-04',
    id: 'letter-exceeded',
    scope: 'letter',
    suspects: ({ table }) => table.letter,
    check: (review, row) => {
      const blocked = withoutLetter(review, row);
      if (blocked !== PASS) return blocked;
      const { subjects, table, letters } = review;
      const letter = table.letter[row]!;
      if (letters.units[row]! > subjects.letters.quantity[letter]!) return HIT;
      return letters.amount[row]! > subjects.letters.amount[letter]! ? HIT : PASS;
    },
    // The larger of the units and the kopecks beyond the letter; what earlier lines took too much is theirs.
    atRisk: (review, row) => {
      const { subjects, table, letters } = review;
      const letter = table.letter[row]!;
      const share = insurerShare(review, row);
      const units = Math.max(0, letters.units[row]! - subjects.letters.quantity[letter]!);
      const kopecks = Math.max(0, letters.amount[row]! - subjects.letters.amount[letter]!);
      return Math.min(share, Math.max(partOf(share, units, table.quantity[row]!), kopecks));
    },
    values: (review, row) => {
      const { subjects, table, letters } = review;
      const letter = table.letter[row]!;
      return {
        ...letterOf(review, row),
        units: letter < 0 ? null : letters.units[row]!,
        letterUnits: subjects.letters.quantity[letter] ?? null,
        amountKopecks: letter < 0 ? null : letters.amount[row]!,
        letterAmountKopecks: subjects.letters.amount[letter] ?? null,
      };
    },
  },
];
