import { createHash } from 'node:crypto';
import { AppError } from '../../models/errors';
import type { Queryable } from '../pool';

export interface RiskModelRow {
  readonly id: string;
  readonly version: string;
  readonly state: 'candidate' | 'refused' | 'released' | 'withdrawn';
  readonly champion: boolean;
  readonly trainingId: string | null;
  readonly gate: unknown;
  readonly gatePassed: boolean;
  readonly proposedBy: string | null;
  readonly releasedBy: string | null;
  readonly releasedAt: string | null;
  readonly createdAt: string;
}

export interface RiskModelDetail extends RiskModelRow {
  readonly card: string;
  readonly report: unknown;
  readonly files: readonly { readonly name: string; readonly sha256: string; readonly bytes: number }[];
}

export interface NewRiskModel {
  readonly version: string;
  readonly trainingId: string | null;
  readonly card: string;
  readonly report: unknown;
  readonly gate: unknown;
  readonly gatePassed: boolean;
  readonly files: Readonly<Record<string, Uint8Array>>;
}

const COLUMNS = `id, version, state, champion, training_id AS "trainingId", gate, gate_passed AS "gatePassed",
  proposed_by AS "proposedBy", released_by AS "releasedBy", released_at AS "releasedAt", created_at AS "createdAt"`;

/** Puts a model with its files into the registry; one that is there already (same version) stays as it is. */
export async function registerModel(tx: Queryable, model: NewRiskModel): Promise<{ id: string; created: boolean }> {
  const added = await tx.query<{ id: string }>(
    `INSERT INTO risk_model (version, state, training_id, card, report, gate, gate_passed)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (version) DO NOTHING RETURNING id`,
    [
      model.version,
      model.gatePassed ? 'candidate' : 'refused',
      model.trainingId,
      model.card,
      JSON.stringify(model.report),
      JSON.stringify(model.gate),
      model.gatePassed,
    ],
  );
  const id = added.rows[0]?.id;
  if (id === undefined) {
    const known = await tx.query<{ id: string }>('SELECT id FROM risk_model WHERE version = $1', [model.version]);
    return { id: known.rows[0]!.id, created: false };
  }
  for (const [name, content] of Object.entries(model.files)) {
    const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await tx.query('INSERT INTO risk_model_file (model_id, name, sha256, content) VALUES ($1, $2, $3, $4)', [
      id,
      name,
      sha256,
      bytes,
    ]);
  }
  return { id, created: true };
}

/** Newest first; `after` is the last row of the page before. */
export async function listModels(
  db: Queryable,
  page: { readonly after: { createdAt: string; id: string } | null; readonly limit: number },
): Promise<RiskModelRow[]> {
  const rows = await db.query<RiskModelRow>(
    `SELECT ${COLUMNS} FROM risk_model WHERE $1::timestamptz IS NULL OR (created_at, id) < ($1, $2::uuid)
     ORDER BY created_at DESC, id DESC LIMIT $3`,
    [page.after?.createdAt ?? null, page.after?.id ?? null, page.limit],
  );
  return rows.rows;
}

export async function findModel(db: Queryable, version: string): Promise<RiskModelDetail | null> {
  const rows = await db.query<RiskModelDetail>(
    `SELECT ${COLUMNS}, card, report,
       (SELECT COALESCE(jsonb_agg(jsonb_build_object('name', name, 'sha256', sha256, 'bytes', length(content)) ORDER BY name), '[]')
        FROM risk_model_file WHERE model_id = risk_model.id) AS files
     FROM risk_model WHERE version = $1`,
    [version],
  );
  return rows.rows[0] ?? null;
}

/** Version of the model that prices now. */
export async function championVersion(db: Queryable): Promise<string | null> {
  const rows = await db.query<{ version: string }>('SELECT version FROM risk_model WHERE champion');
  return rows.rows[0]?.version ?? null;
}

/**
 * The files of a model by name.
 *
 * @throws AppError risk-model-missing, or risk-model-damaged when a content does not have its hash
 */
export async function modelFiles(db: Queryable, version: string): Promise<ReadonlyMap<string, Buffer>> {
  const rows = await db.query<{ name: string; sha256: string; content: Buffer }>(
    `SELECT f.name, f.sha256, f.content FROM risk_model m JOIN risk_model_file f ON f.model_id = m.id WHERE m.version = $1`,
    [version],
  );
  if (rows.rows.length === 0) throw missingModel(version);
  for (const { name, sha256, content } of rows.rows) {
    if (createHash('sha256').update(content).digest('hex') !== sha256) throw damaged(version, name);
  }
  return new Map(rows.rows.map(({ name, content }) => [name, content]));
}

export interface Release {
  readonly version: string;
  readonly proposedBy: string;
  readonly confirmedBy: string;
  readonly reason: string;
}

/**
 * Makes a candidate the champion. Two people, told apart by the database as well; the champion before stays released, so
 * that a roll-back is one step. Doing the same release again changes nothing.
 */
export async function releaseModel(tx: Queryable, release: Release): Promise<void> {
  const { version, proposedBy, confirmedBy, reason } = release;
  await tx.query('LOCK TABLE risk_model_release IN SHARE ROW EXCLUSIVE MODE');
  const known = await tx.query<{ id: string; champion: boolean; state: string }>(
    'SELECT id, champion, state FROM risk_model WHERE version = $1 FOR UPDATE',
    [version],
  );
  const model = known.rows[0];
  if (model === undefined) throw missingModel(version);
  if (model.champion) return;
  if (model.state !== 'candidate') throw notReleasable(version, model.state);
  const before = await tx.query<{ id: string }>('UPDATE risk_model SET champion = false WHERE champion RETURNING id');
  await tx.query(
    `UPDATE risk_model SET champion = true, state = 'released', proposed_by = $2, released_by = $3, released_at = now()
     WHERE id = $1`,
    [model.id, proposedBy, confirmedBy],
  );
  await tx.query(
    `INSERT INTO risk_model_release (model_id, previous_id, kind, proposed_by, confirmed_by, reason)
     VALUES ($1, $2, 'release', $3, $4, $5)`,
    [model.id, before.rows[0]?.id ?? null, proposedBy, confirmedBy, reason],
  );
}

/**
 * Back to the champion before, in one step by one person: it had been released by two. The model that is left is
 * withdrawn. Null when there is none before.
 */
export async function rollBack(
  tx: Queryable,
  by: string,
  reason: string,
): Promise<{ from: string; to: string } | null> {
  await tx.query('LOCK TABLE risk_model_release IN SHARE ROW EXCLUSIVE MODE');
  const found = await tx.query<{ fromId: string; from: string; toId: string; to: string }>(
    `SELECT m.id AS "fromId", m.version AS "from", p.id AS "toId", p.version AS "to"
     FROM risk_model m JOIN risk_model_release r ON r.model_id = m.id AND r.kind = 'release'
     JOIN risk_model p ON p.id = r.previous_id AND p.state = 'released'
     WHERE m.champion ORDER BY r.id DESC LIMIT 1 FOR UPDATE OF m, p`,
  );
  const pair = found.rows[0];
  if (pair === undefined) return null;
  await tx.query(`UPDATE risk_model SET champion = false, state = 'withdrawn' WHERE id = $1`, [pair.fromId]);
  await tx.query('UPDATE risk_model SET champion = true WHERE id = $1', [pair.toId]);
  await tx.query(
    `INSERT INTO risk_model_release (model_id, previous_id, kind, proposed_by, confirmed_by, reason)
     VALUES ($1, $2, 'roll-back', $3, $3, $4)`,
    [pair.toId, pair.fromId, by, reason],
  );
  return { from: pair.from, to: pair.to };
}

function missingModel(version: string): AppError {
  return new AppError(
    'risk-model-missing',
    { ru: `Модели ${version} нет в реестре`, en: `The registry has no model ${version}` },
    { httpStatus: 404, details: { version } },
  );
}

function damaged(version: string, name: string): AppError {
  return new AppError(
    'risk-model-damaged',
    { ru: `Файл ${name} модели ${version} повреждён`, en: `File ${name} of model ${version} is damaged` },
    { httpStatus: 500, details: { version, name } },
  );
}

function notReleasable(version: string, state: string): AppError {
  return new AppError(
    'risk-model-not-releasable',
    { ru: `Модель ${version} нельзя выпустить: ${state}`, en: `Model ${version} cannot be released: it is ${state}` },
    { httpStatus: 409, details: { version, state } },
  );
}
