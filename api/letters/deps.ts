import { AppError } from '../../models/errors';
import type { ReviewRequested } from '../../prisma/facts/letter-facts';
import type { ApiDeps } from '../deps';

/** The engine's view of requested lines, or 503 in a process that was started without it. */
export function requireReview(deps: ApiDeps): ReviewRequested {
  if (deps.reviewRequested !== undefined) return deps.reviewRequested;
  throw new AppError(
    'review-unavailable',
    { ru: 'Проверка покрытия сейчас недоступна', en: 'Coverage checks are not available now' },
    { httpStatus: 503, retryable: true },
  );
}
