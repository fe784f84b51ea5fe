/**
 * Error messages for invalid input: "Expected `path` to be RULE, got `value`", one line each, all at once.
 */
import type { z } from 'zod';
import { defaultRule } from './default-rules.ts';

/** Deepest nesting accepted; a valid comparison needs 8 levels. */
const MAX_DEPTH = 12;
/**
 * Most values accepted in an input; a valid specification needs a few hundred, and up to seven for each segment of a
 * schedule that it traces.
 */
const MAX_VALUES = 100_000;
/** Maximal number of listed complaints. The message gives only the number of further ones. */
const MAX_COMPLAINTS = 200;
/** Names through which an object's prototype could be reached. */
const RESERVED_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** Default name of the whole input in messages. */
const SPECIFICATION = 'specification';

type Path = readonly PropertyKey[];

/** An input that cannot be used: every error, each with its path, what was found and what is allowed. */
export class InvalidInput extends Error {
  readonly complaints: readonly string[];

  constructor(what: string, complaints: readonly string[]) {
    const count = complaints.length === 1 ? 'one error' : `${complaints.length} errors`;
    super(`Cannot use the ${what}: ${count}\n${complaints.join('\n')}`);
    this.complaints = complaints;
  }
}

/** The parsed value of an input, or all its errors. */
export type Parsed<T> = { readonly value: T } | { readonly complaints: readonly string[] };

/** Parses anything that came out of JSON; `whole` is what messages call the whole input. */
export function parse<T>(schema: z.ZodType<T>, input: unknown, whole = SPECIFICATION): Parsed<T> {
  const hostile = inspect(input, whole);
  if (hostile.length > 0) return { complaints: hostile };
  const parsed = schema.safeParse(input, { error: defaultRule });
  return parsed.success ? { value: parsed.data } : { complaints: complain(parsed.error.issues, input, whole) };
}

/**
 * Returns what makes an input unsafe to validate: nesting or size beyond any real specification, reserved keys. Walks
 * with its own stack, so that no depth overflows the engine's.
 */
export function inspect(input: unknown, whole = SPECIFICATION): string[] {
  const complaints: string[] = [];
  const left: { value: unknown; path: Path }[] = [{ value: input, path: [] }];
  let values = 0;
  for (let next = left.pop(); next; next = left.pop()) {
    const { value, path } = next;
    if (++values > MAX_VALUES) return [expected([], `at most ${MAX_VALUES} values in all`, 'more', whole)];
    if (typeof value !== 'object' || value === null) continue;
    if (path.length >= MAX_DEPTH) return [expected(path, `nested at most ${MAX_DEPTH} levels deep`, 'more')];
    for (const key of Object.keys(value)) {
      const inner = [...path, Array.isArray(value) ? Number(key) : key];
      if (RESERVED_KEYS.has(key)) complaints.push(expected(inner, 'absent (a reserved name)', 'a value'));
      else left.push({ value: (value as Record<string, unknown>)[key], path: inner });
    }
  }
  return complaints.slice(0, MAX_COMPLAINTS);
}

/** Returns one line for each path with an issue. */
export function complain(issues: readonly z.core.$ZodIssue[], input: unknown, whole = SPECIFICATION): string[] {
  const listed = complaintsOf(issues).map(({ path, rule, got }) =>
    expected(path, rule, got ?? foundAt(input, path), whole),
  );
  return listed.length <= MAX_COMPLAINTS
    ? listed
    : [...listed.slice(0, MAX_COMPLAINTS), `… and ${listed.length - MAX_COMPLAINTS} more`];
}

/** What a value at a path should be. */
export interface Complaint {
  readonly path: Path;
  readonly rule: string;
  /** What was found, if that is not the value at the path. */
  readonly got?: string;
}

/** Returns one complaint for each path with an issue: the first issue, unless a rule has a more specific message. */
export function complaintsOf(issues: readonly z.core.$ZodIssue[]): Complaint[] {
  const byPath = new Map<string, Complaint>();
  for (const { instead, ...complaint } of issues.flatMap((issue) => flatten(issue, []))) {
    const path = pathText(complaint.path);
    if (instead || !byPath.has(path)) byPath.set(path, complaint);
  }
  return [...byPath.values()];
}

function flatten(issue: z.core.$ZodIssue, prefix: Path): (Complaint & { readonly instead?: boolean })[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], rule: issue.message }));
  if (issue.code === 'invalid_union') {
    // The branch whose issues lie deeper than the union itself is the one that was meant.
    const meant = issue.errors.find((branch) =>
      branch.some((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'),
    );
    if (meant) return meant.flatMap((inner) => flatten(inner, path));
  }
  return [
    {
      path,
      rule: issue.message,
      ...(issue.code === 'custom' ? (issue.params as { readonly got?: string; readonly instead?: boolean }) : {}),
    },
  ];
}

/** Returns a complaint: what a value should be, and what was found. */
export function expected(path: Path, rule: string, got: string, whole = SPECIFICATION): string {
  return `Expected \`${pathText(path, whole)}\` to be ${rule}, got \`${got}\``;
}

/** Returns a JSON path such as `subPopulations[1].evaluators`; `whole` is what the whole input is called. */
function pathText(path: Path, whole = SPECIFICATION): string {
  if (path.length === 0) return whole;
  const text = path.map((part, index) => {
    if (typeof part === 'number') return `[${part}]`;
    const key = String(part);
    if (/^[$A-Za-z_][$\w]*$/.test(key) && key.length <= 60) return index === 0 ? key : `.${key}`;
    return `[${plain(JSON.stringify(clip(key, 60)))}]`;
  });
  return text.join('');
}

/** Returns what an input has at a path, as complaints quote it. */
export function foundAt(input: unknown, path: Path): string {
  return valueText(valueAt(input, path));
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** Returns a value as complaints quote it: short, on one line. */
export function valueText(value: unknown): string {
  // JSON would say null for NaN and the infinities.
  return plain(
    clip(typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value)), 80),
  ).replaceAll('`', "'");
}

/**
 * Returns the text with every invisible character escaped, such as those that move a terminal's cursor or reverse
 * text.
 */
function plain(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
