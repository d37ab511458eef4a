/** Which skill a request needs, by the first letters of its codes: the narrowest match wins. Data, in order of weight. */
const SKILLS: readonly { readonly skill: string; readonly service?: string; readonly diagnosis?: string }[] = [
  { skill: 'oncology', diagnosis: 'C' },
  { skill: 'oncology', diagnosis: 'D0' },
  { skill: 'oncology', service: 'B01.027' },
  { skill: 'dentistry', service: 'A16.07' },
  { skill: 'dentistry', service: 'B01.06' },
  { skill: 'dentistry', service: 'A02.07' },
  { skill: 'dentistry', diagnosis: 'K0' },
  { skill: 'obstetrics', diagnosis: 'O' },
  { skill: 'obstetrics', service: 'B01.001' },
  { skill: 'physiotherapy', service: 'A17' },
  { skill: 'surgery', service: 'A16' },
  { skill: 'imaging', service: 'A05' },
  { skill: 'imaging', service: 'A06' },
];

/** @returns the skill for the first line that names one; null = any expert. */
export function skillFor(lines: readonly { serviceCode: string; diagnosisCode: string }[]): string | null {
  for (const rule of SKILLS) {
    const hit = lines.some(
      (line) =>
        (rule.service !== undefined && line.serviceCode.startsWith(rule.service)) ||
        (rule.diagnosis !== undefined && line.diagnosisCode.startsWith(rule.diagnosis)),
    );
    if (hit) return rule.skill;
  }
  return null;
}

/** A doctor may take a request: has the skill (or the request needs none, or leads), and no conflict of interest. */
export function mayTake(
  doctor: { skills: readonly string[]; lead: boolean; conflicts: readonly { clinicId: number; policyId: number }[] },
  request: { skill: string | null; clinicId: number; policyId: number },
): boolean {
  const conflicted = doctor.conflicts.some(
    (conflict) => conflict.clinicId === request.clinicId || conflict.policyId === request.policyId,
  );
  if (conflicted) return false;
  return request.skill === null || doctor.lead || doctor.skills.includes(request.skill);
}
