import type { z } from 'zod';
import type { LocalizedText } from '../../models/errors';
import { AppError } from '../../models/errors';
import { ruleText } from './rule-texts';
import type { InputFault } from './input-fault';

/** An entry of `errors[]` in a problem document, before a language is chosen. */
export interface FieldError {
  readonly path: string;
  readonly rule: string;
  readonly message: LocalizedText;
  readonly fix: LocalizedText;
}

/** 400 with every fault; the document names field, rule and fix in the caller's language. */
export function validationError(faults: readonly InputFault[]): AppError {
  return new AppError(
    'validation-failed',
    { ru: 'Запрос содержит ошибки: см. поле errors', en: 'The request has faults: see errors' },
    { httpStatus: 400, details: { errors: faults.map(describe) } },
  );
}

/** Checks one part of a request; gives the parsed value or its faults. `root`: 'body', 'query' or 'params'. */
export function checkInput(
  schema: z.ZodType,
  value: unknown,
  root: string,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly faults: InputFault[] } {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, faults: parsed.error.issues.flatMap((issue) => faultsOf(issue, value, root)) };
}

function faultsOf(issue: z.core.$ZodIssue, value: unknown, root: string): InputFault[] {
  const path = pathText(root, issue.path);
  switch (issue.code) {
    case 'invalid_type':
      if (valueAt(value, issue.path) === undefined) return [{ path, rule: 'required', expected: issue.expected }];
      return [{ path, rule: 'type', expected: issue.expected }];
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: `${path}.${key}`, rule: 'unknown-field' }));
    case 'too_small':
      return [{ path, rule: `min-${unitOf(issue.origin)}`, limit: issue.minimum }];
    case 'too_big':
      return [{ path, rule: `max-${unitOf(issue.origin)}`, limit: issue.maximum }];
    case 'invalid_format':
      return [{ path, rule: 'format', expected: issue.format === 'regex' ? (issue.pattern ?? 'regex') : issue.format }];
    case 'invalid_value':
      if (valueAt(value, issue.path) === undefined) return [{ path, rule: 'required' }];
      return [{ path, rule: 'allowed-values', expected: issue.values.map(String).join(', ') }];
    case 'not_multiple_of':
      return [{ path, rule: 'multiple-of', limit: issue.divisor }];
    case 'invalid_union':
      return [{ path, rule: 'no-variant' }];
    case 'custom':
      return [
        { path, ...(issue.params as Partial<InputFault> | undefined), rule: String(issue.params?.rule ?? 'rule') },
      ];
    default:
      return [{ path, rule: issue.code }];
  }
}

function describe(fault: InputFault): FieldError {
  const known = ruleText(fault);
  return {
    path: fault.path,
    rule: fault.rule,
    message: fault.message ?? known.message,
    fix: fault.fix ?? known.fix,
  };
}

function unitOf(origin: string): string {
  if (origin === 'string') return 'length';
  return origin === 'array' || origin === 'set' ? 'items' : 'value';
}

function pathText(root: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}.${String(part)}`),
    root,
  );
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current = value;
  for (const part of path) {
    if (current === null || typeof current !== 'object') return undefined;
    current = (current as Record<PropertyKey, unknown>)[part];
  }
  return current;
}
