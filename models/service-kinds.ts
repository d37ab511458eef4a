/** Kinds of services in the nomenclature. Their order is that of indices and bits, never of what is stored. */
export const SERVICE_KINDS = [
  'consultation',
  'lab',
  'imaging',
  'procedure',
  'surgery',
  'physio',
  'dental',
  'inpatient',
  'vaccination',
  'other',
] as const;
export type ServiceKind = (typeof SERVICE_KINDS)[number];
