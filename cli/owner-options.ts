import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { OwnerScope } from '../models/access/roles';

export interface OwnerFlags {
  readonly clinicId?: number;
  readonly policyholderId?: number;
  readonly policyId?: number;
  readonly hubId?: number;
}

/** The options that say whose rows an account or key may see. */
export function ownerOptions(command: Command): Command {
  return command
    .option('--clinic-id <id>', 'clinic accounts: the clinic', wholeNumber)
    .option('--policyholder-id <id>', 'employer accounts: the policyholder', wholeNumber)
    .option('--policy-id <id>', 'accounts of insured people: the policy', wholeNumber)
    .option('--hub-id <id>', 'staff: the regional centre; without it all centres', wholeNumber);
}

export function ownerOf(flags: OwnerFlags): Partial<OwnerScope> {
  const { clinicId, policyholderId, policyId, hubId } = flags;
  return { clinicId, policyholderId, policyId, hubId };
}

export function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('a whole number above 0');
  return Number(value);
}
