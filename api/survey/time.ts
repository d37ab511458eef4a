import { plainDate, RU_CALENDAR } from '../../models/calendar';

export { dayNumber } from '../../models/calendar';

/** Local time of the insurer's zone as feedback.csv has it: 'YYYY-MM-DDThh:mm'. */
export function plainLocalMinute(at: Date): string {
  const clock = at.toLocaleTimeString('en-GB', {
    timeZone: RU_CALENDAR.timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  return `${plainDate(at.toISOString())}T${clock}`;
}
