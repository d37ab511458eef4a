import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { RatingActivities } from '../activities/clinic-rating';
import { plainDate } from '../models/calendar';
import type { ClinicRatingInput, ClinicRatingResult } from './rating-messages';

const { rateAllClinics, freezeEmployerReports } = proxyActivities<RatingActivities>({
  startToCloseTimeout: '10 minutes',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1 minute', maximumAttempts: 20 },
});

/**
 * A new version of both ratings, and the employers' reports of the quarters that have ended. Started by a Schedule or by
 * hand; the run's id makes a repeated step the same version.
 */
export async function clinicRating(input: ClinicRatingInput = {}): Promise<ClinicRatingResult> {
  const today = input.today ?? plainDate(new Date().toISOString());
  const runKey = workflowInfo().runId;
  const internal = await rateAllClinics({ kind: 'internal', runKey, today });
  const people = await rateAllClinics({ kind: 'people', runKey, today });
  const { reports } = await freezeEmployerReports({ today });
  return { internalVersion: internal.version, peopleVersion: people.version, reports };
}
