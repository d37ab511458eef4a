import type { Queryable } from '../pool';

export interface TrainingRow {
  readonly id: string;
  readonly businessKey: string;
  readonly state: string;
  readonly stage: string;
  readonly requestedBy: string | null;
  readonly settings: unknown;
  readonly progress: unknown;
  readonly checks: unknown;
  readonly dataSha256: string | null;
  readonly rows: number | null;
  readonly version: string | null;
  readonly errorCode: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

const COLUMNS = `id, business_key AS "businessKey", state, stage, requested_by AS "requestedBy", settings, progress, checks,
  data_sha256 AS "dataSha256", rows, version, error_code AS "errorCode", started_at AS "startedAt", ended_at AS "endedAt"`;

/** Opens a training, or finds the one of the same business key. */
export async function openTraining(
  db: Queryable,
  draft: { readonly businessKey: string; readonly settings: unknown; readonly requestedBy: string | null },
): Promise<string> {
  const rows = await db.query<{ id: string }>(
    `INSERT INTO model_training (id, business_key, settings, requested_by) VALUES (uuidv7(), $1, $2, $3)
     ON CONFLICT (business_key) DO UPDATE SET business_key = excluded.business_key RETURNING id`,
    [draft.businessKey, JSON.stringify(draft.settings), draft.requestedBy],
  );
  return rows.rows[0]!.id;
}

export async function findTraining(db: Queryable, id: string): Promise<TrainingRow | null> {
  const rows = await db.query<TrainingRow>(`SELECT ${COLUMNS} FROM model_training WHERE id = $1`, [id]);
  return rows.rows[0] ?? null;
}

export async function listTrainings(
  db: Queryable,
  page: { readonly after: { startedAt: string; id: string } | null; readonly limit: number },
): Promise<TrainingRow[]> {
  const rows = await db.query<TrainingRow>(
    `SELECT ${COLUMNS} FROM model_training WHERE $1::timestamptz IS NULL OR (started_at, id) < ($1, $2::uuid)
     ORDER BY started_at DESC, id DESC LIMIT $3`,
    [page.after?.startedAt ?? null, page.after?.id ?? null, page.limit],
  );
  return rows.rows;
}

export interface TrainingPatch {
  readonly state?: string;
  readonly stage?: string;
  readonly progress?: unknown;
  readonly checks?: unknown;
  readonly dataSha256?: string;
  readonly rows?: number;
  readonly version?: string;
  readonly errorCode?: string | null;
  readonly ended?: boolean;
}

/** Writes what is given and leaves the rest. */
export async function noteTraining(db: Queryable, id: string, patch: TrainingPatch): Promise<void> {
  const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));
  await db.query(
    `UPDATE model_training SET state = COALESCE($2, state), stage = COALESCE($3, stage), progress = COALESCE($4, progress),
       checks = COALESCE($5, checks), data_sha256 = COALESCE($6, data_sha256), rows = COALESCE($7, rows),
       version = COALESCE($8, version), error_code = COALESCE($9, error_code),
       ended_at = CASE WHEN $10 THEN now() ELSE ended_at END
     WHERE id = $1`,
    [
      id,
      patch.state ?? null,
      patch.stage ?? null,
      json(patch.progress),
      json(patch.checks),
      patch.dataSha256 ?? null,
      patch.rows ?? null,
      patch.version ?? null,
      patch.errorCode ?? null,
      patch.ended ?? false,
    ],
  );
}
