import { UNKNOWN_KIND, type ServiceColumns } from './types';

export const LINE_CLASSES = (UNKNOWN_KIND + 1) * 3;
const NO_SERVICE = UNKNOWN_KIND * 3;

/** Class of a line: kind x visit type. Primary visits, repeats, tests and procedures are invented at unlike rates. */
export function lineClass(services: ServiceColumns, service: number): number {
  return service < 0 ? NO_SERVICE : services.kind[service]! * 3 + services.visitType[service]!;
}
