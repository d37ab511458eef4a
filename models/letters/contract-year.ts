/** One year of a contract, first and last day 'YYYY-MM-DD'. */
export interface ContractYear {
  readonly yearStart: string;
  readonly yearEnd: string;
}

/** The contract year that a date lies in: it runs from the start date or its anniversary. */
export function contractYear(contractStart: string, date: string): ContractYear {
  const year = Number(date.slice(0, 4));
  const started = anniversary(contractStart, year) > date ? year - 1 : year;
  const end = new Date(Date.parse(`${anniversary(contractStart, started + 1)}T00:00:00Z`) - 86_400_000);
  return { yearStart: anniversary(contractStart, started), yearEnd: end.toISOString().slice(0, 10) };
}

/** 29 February has its anniversary on 1 March of common years. */
function anniversary(start: string, year: number): string {
  const day = `${String(year).padStart(4, '0')}${start.slice(4)}`;
  return day.endsWith('-02-29') && new Date(Date.UTC(year, 1, 29)).getUTCMonth() !== 1 ? `${year}-03-01` : day;
}
