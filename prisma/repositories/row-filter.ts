import type { ResourceOwner, RowFilter } from '../../models/access/policy';

/**
 * Turns a row filter of the policy into SQL over the caller's own columns, e.g.
 * `filterSql(filter, { clinicId: 'i.clinic_id', hubId: 'c.hub_id' }, params)`; pushes the value on `params`.
 * A filter on a column that the query does not have gives no rows: default deny.
 */
export function filterSql(
  filter: RowFilter,
  columns: Readonly<Partial<Record<keyof ResourceOwner, string>>>,
  params: unknown[],
): string {
  if (filter.kind === 'all') return 'true';
  const column = filter.kind === 'equals' ? columns[filter.field] : undefined;
  if (filter.kind === 'none' || column === undefined) return 'false';
  params.push(filter.value);
  return `${column} = $${params.length}`;
}
