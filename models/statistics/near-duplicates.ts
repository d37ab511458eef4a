/** A line as near-duplicate search reads it. */
export interface RepeatLine {
  readonly id: number;
  readonly person: string;
  readonly clinic: string;
  readonly doctor: string | null;
  /** Days since 1970-01-01. */
  readonly day: number;
  readonly service: string;
  readonly tooth: string | null;
}

export type RepeatReason = 'same-service-soon' | 'sibling-service-same-day';

export interface NearDuplicate {
  readonly line: number;
  /** The earlier line that it nearly repeats. */
  readonly of: number;
  readonly reason: RepeatReason;
}

export interface RepeatOptions {
  /** A repeat of the same service within so many days (not the same day: that is DUPL). */
  readonly withinDays: number;
  /** Services for which repeats are part of the treatment: courses, injections, dressings. */
  readonly courses: (service: string) => boolean;
}

export const DEFAULT_REPEAT_OPTIONS: RepeatOptions = {
  withinDays: 3,
  courses: (service) => /^(A1[179]|A2[0-2]|A15|B01)/.test(service),
};

/**
 * Lines that nearly repeat an earlier line of the same person: the same service again within a few days at the same
 * tooth, or a sibling of the nomenclature (the same first three levels, another fourth) on the same day in one clinic.
 * Each line names the nearest earlier line; exact same-day duplicates are left to DUPL.
 */
export function findNearDuplicates(lines: readonly RepeatLine[], options = DEFAULT_REPEAT_OPTIONS): NearDuplicate[] {
  const people = new Map<string, RepeatLine[]>();
  for (const line of lines) {
    const known = people.get(line.person);
    if (known) known.push(line);
    else people.set(line.person, [line]);
  }
  return [...people.values()].flatMap((own) => repeatsOf(own, options)).sort((a, b) => a.line - b.line);
}

function repeatsOf(lines: RepeatLine[], { withinDays, courses }: RepeatOptions): NearDuplicate[] {
  const sorted = lines.toSorted((a, b) => a.day - b.day || a.id - b.id);
  const found: NearDuplicate[] = [];
  sorted.forEach((line, i) => {
    for (let j = i - 1; j >= 0 && line.day - sorted[j]!.day <= withinDays; j -= 1) {
      const reason = courses(line.service) ? null : reasonOf(line, sorted[j]!);
      if (reason === null) continue;
      found.push({ line: line.id, of: sorted[j]!.id, reason });
      break;
    }
  });
  return found;
}

function reasonOf(line: RepeatLine, earlier: RepeatLine): RepeatReason | null {
  if (line.tooth !== earlier.tooth) return null;
  if (line.service === earlier.service) return line.day > earlier.day ? 'same-service-soon' : null;
  const siblings = familyOf(line.service) === familyOf(earlier.service) && familyOf(line.service) !== null;
  return siblings && line.day === earlier.day && line.clinic === earlier.clinic ? 'sibling-service-same-day' : null;
}

/** The first three levels of a service code with four: A16.07.002 of A16.07.002.011; null for shorter codes. */
function familyOf(service: string): string | null {
  const levels = service.split('.');
  return levels.length >= 4 ? levels.slice(0, 3).join('.') : null;
}
