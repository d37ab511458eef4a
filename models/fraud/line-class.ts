import type { ServiceColumns } from './types';

export const LINE_CLASSES = 33;
const NO_SERVICE = 30;

/** Class of a line: kind x visit type. Primary visits, repeats, tests and procedures are invented at unlike rates. */
export function lineClass(services: ServiceColumns, service: number): number {
  return service < 0 ? NO_SERVICE : services.kind[service]! * 3 + services.visitType[service]!;
}
