import type { Request, Response } from 'express';
import type { Principal } from '../../models/access/roles';
import type { ApiDeps } from '../deps';
import type { Authenticate } from './auth';
import type { HitCounter } from './limits';
import type { Metrics } from './metrics';
import type { ErasedInput } from './route';

export interface PipelineParts {
  readonly deps: ApiDeps;
  readonly authenticate: Authenticate;
  readonly metrics: Metrics;
  readonly countHit: HitCounter;
  /** Aborted when the process shuts down: ends event streams. */
  readonly closing: AbortSignal;
}

export type Input = ErasedInput;

/** An admitted request with checked input. */
export interface Admitted {
  readonly req: Request;
  readonly res: Response;
  readonly caller: Principal | null;
  readonly input: Input;
  readonly signal: AbortSignal;
}
