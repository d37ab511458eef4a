import { compileReference } from '../../models/review/compile';
import type { WorldRows } from '../../models/review/from-rows';
import { worldFromRows } from '../../models/review/from-rows';
import { sortLineTable } from '../../models/review/line-order';
import { RULES } from '../../models/review/registry';
import type { ReviewInput } from '../../models/review/scopes';
import { reviewScope } from '../../models/review/scopes';
import { lineKey } from './open-world';

export const SCOPES = ['person', 'doctor-day', 'letter'] as const;

export interface Verdicts {
  input: ReviewInput;
  /** "clinic|invoice|line code", sorted. */
  findings: string[];
}

export function prepareWorld(files: WorldRows): ReviewInput {
  const world = worldFromRows(files, 'test');
  const compiled = compileReference(world.reference);
  return { compiled, subjects: world.subjects, table: sortLineTable(world.table, compiled.clinics.rank) };
}

/** All findings of a world, all scopes, on one table. */
export function reviewWorld(files: WorldRows): Verdicts {
  const input = prepareWorld(files);
  const findings: string[] = [];
  for (const scope of SCOPES) {
    const { hits } = reviewScope(scope, input);
    for (let i = 0; i < hits.count; i += 1) {
      const line = files.invoices[input.table.lineId[hits.row[i]!]!]!;
      findings.push(`${lineKey(line)} ${RULES[hits.rule[i]!]!.code}`);
    }
  }
  return { input, findings: findings.sort() };
}
