import { ymdOfDay } from './days';
import { percentRate } from './money';
import type { BitMatrix, CodeIndex, Lists } from './prefixes';
import { createBits, flattenLists, prefixBits, setBit } from './prefixes';
import type { ReviewReference } from './reference';
import { SERVICE_KINDS } from '../service-kinds';

/** Programmes and contracts in indexed form. */
export interface CompiledCover {
  contracts: number;
  /** yyyymmdd of each contract's start: contract years run from it or its anniversary. */
  contractStartYmd: Int32Array;
  /** Per programme. */
  contract: Int32Array;
  clinics: BitMatrix;
  /** Bit set of SERVICE_KINDS. */
  coveredKinds: Int32Array;
  excludedServices: BitMatrix;
  excludedDiagnoses: BitMatrix;
  letterRequired: BitMatrix;
  waitingDays: Int32Array;
  franchiseNumerator: Float64Array;
  franchiseDenominator: Float64Array;
  /** Infinity = no limit. */
  annualLimit: Float64Array;
  limits: CompiledLimits;
}

/**
 * Limits count over all programmes of a contract, so each distinct prefix of a contract is one counter ("slot").
 * A line adds to every slot of its contract that its service matches, whether or not its own programme limits that
 * prefix; it is held against its own programme's maximum only.
 */
export interface CompiledLimits {
  count: number;
  /** Slots of each contract. */
  ofContract: Lists;
  prefix: string[];
  /** Row = slot, column = service. */
  services: BitMatrix;
  /** [programme * count + slot]; Infinity = this programme does not limit it. */
  max: Float64Array;
}

export function compileCover(source: ReviewReference, services: CodeIndex, diagnoses: CodeIndex): CompiledCover {
  const { programmes, contracts } = source;
  const clinics = createBits(programmes.length, source.clinics.length);
  programmes.forEach((programme, row) => programme.clinics.forEach((clinic) => setBit(clinics, row, clinic)));
  const rates = programmes.map((programme) => percentRate(programme.franchisePercent));
  return {
    contracts: contracts.length,
    contractStartYmd: Int32Array.from(contracts, (contract) => ymdOfDay(contract.start)),
    contract: Int32Array.from(programmes, (programme) => programme.contract),
    clinics,
    coveredKinds: Int32Array.from(programmes, (programme) =>
      programme.coveredKinds.reduce((bits, kind) => bits | (1 << SERVICE_KINDS.indexOf(kind)), 0),
    ),
    excludedServices: prefixBits(
      services,
      programmes.map((programme) => programme.excludedServices),
    ),
    excludedDiagnoses: prefixBits(
      diagnoses,
      programmes.map((programme) => programme.excludedDiagnoses),
    ),
    letterRequired: prefixBits(
      services,
      programmes.map((programme) => programme.letterRequired),
    ),
    waitingDays: Int32Array.from(programmes, (programme) => programme.waitingDays),
    franchiseNumerator: Float64Array.from(rates, (rate) => rate.numerator),
    franchiseDenominator: Float64Array.from(rates, (rate) => rate.denominator),
    annualLimit: Float64Array.from(programmes, (programme) => programme.annualLimit ?? Infinity),
    limits: compileLimits(source, services),
  };
}

function compileLimits({ programmes, contracts }: ReviewReference, services: CodeIndex): CompiledLimits {
  const slots = new Map<string, number>();
  const prefix: string[] = [];
  const ofContract: number[][] = contracts.map(() => []);
  for (const programme of programmes) {
    for (const limit of programme.serviceLimits) {
      const key = `${programme.contract} ${limit.service}`;
      if (slots.has(key)) continue;
      slots.set(key, prefix.length);
      ofContract[programme.contract]!.push(prefix.length);
      prefix.push(limit.service);
    }
  }
  const count = prefix.length;
  const max = new Float64Array(programmes.length * count).fill(Infinity);
  programmes.forEach((programme, p) => {
    for (const limit of programme.serviceLimits) {
      const at = p * count + slots.get(`${programme.contract} ${limit.service}`)!;
      max[at] = Math.min(max[at]!, limit.maxQuantity);
    }
  });
  return {
    count,
    ofContract: flattenLists(ofContract, contracts.length),
    prefix,
    services: prefixBits(
      services,
      prefix.map((text) => [text]),
    ),
    max,
  };
}
