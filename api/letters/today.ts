import { plainDate } from '../../models/calendar';
import type { ApiDeps } from '../deps';

/** Today as a plain date in the insurer's zone, by the API's clock. */
export function todayOf(deps: Pick<ApiDeps, 'now'>): string {
  return plainDate((deps.now?.() ?? new Date()).toISOString());
}
