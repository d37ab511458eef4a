export interface ClinicRatingInput {
  /** Last day of the rated period; absent (a Schedule): the day of the start. */
  readonly today?: string;
}

export interface ClinicRatingResult {
  readonly internalVersion: number;
  readonly peopleVersion: number;
  /** Employer reports that were frozen now. */
  readonly reports: number;
}

export function ratingWorkflowId(key: string): string {
  return `clinic-rating/${key}`;
}
