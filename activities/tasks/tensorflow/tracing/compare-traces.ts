/**
 * Two steps of a function must do the same to tensors; how they differ says what was held in JavaScript.
 */
import { TraceRefused } from './refusal.ts';
import { isSameSource, type Source, type Trace, type TracedOperation } from './trace.ts';

/**
 * Compares the traces of two steps.
 *
 * @throws TraceRefused for the first difference
 */
export function compareTraces(one: Trace, other: Trace): void {
  const count = Math.max(one.operations.length, other.operations.length);
  for (let index = 0; index < count; index++) {
    const [first, second] = [one.operations[index], other.operations[index]];
    if (!first || !second || first.name !== second.name || namesOf(first) !== namesOf(second))
      throw otherOperations(first, second);
    compareOperations(first, second);
  }
  compareResults('variables that it assigns', changes(one), changes(other));
  compareResults('tensors that it returns', one.outputs, other.outputs);
}

function compareOperations(first: TracedOperation, second: TracedOperation): void {
  const { name, site } = second;
  const shapes = (operation: TracedOperation) =>
    [...operation.inputs, ...operation.outputs].map(({ shape }) => `[${shape.join(', ')}]`);
  const [before, after] = [shapes(first), shapes(second)];
  const reshaped = before.findIndex((shape, index) => shape !== after[index]);
  if (reshaped >= 0)
    throw new TraceRefused(
      `a shape changes from one step to the next: ${before[reshaped]}, then ${after[reshaped]}, at ${name}`,
      site,
      'Keep all shapes the same: compute on the largest, and mask',
    );
  for (const [key, value] of Object.entries(first.attributes))
    if (JSON.stringify(value) !== JSON.stringify(second.attributes[key]))
      throw changedNumber(
        `${key} of ${name} is ${JSON.stringify(value)}, then ${JSON.stringify(second.attributes[key])}`,
        site,
      );
  first.inputs.forEach((input, index) => compareSources(input, second.inputs[index]!, name, site));
  first.updates.forEach(({ before }, index) => compareSources(before, second.updates[index]!.before, name, site));
}

/** Returns what variables hold in the end, without those that it leaves as they are. */
function changes({ assigned }: Trace): Record<string, Source> {
  const changed = ([name, source]: [string, Source]) => source.kind !== 'variable' || source.name !== name;
  return Object.fromEntries(Object.entries(assigned).filter(changed));
}

function compareResults(
  what: string,
  one: Readonly<Record<string, Source>>,
  other: Readonly<Record<string, Source>>,
): void {
  const [before, after] = [one, other].map((results) => Object.keys(results).sort().join(', ')) as [string, string];
  if (before !== after)
    throw new TraceRefused(
      `the ${what} change from one step to the next: ${before || 'none'}, then ${after || 'none'}`,
      undefined,
      `Do the same in every step; choose by tf.where on \`at.step\`, which is a tensor`,
    );
  for (const [name, source] of Object.entries(one)) compareSources(source, other[name]!, `\`${name}\``, undefined);
}

function compareSources(one: Source, other: Source, used: string, site: Error | undefined): void {
  if (isSameSource(one, other)) return;
  if (one.kind === 'constant' && other.kind === 'constant')
    throw changedNumber(`${show(one.values)}, then ${show(other.values)}, used by ${used}`, site);
  throw new TraceRefused(
    `${used} takes another tensor in the second step than in the first`,
    site,
    'Keep tensors from one step to the next in variables, and choose between tensors by tf.where',
  );
}

function changedNumber(what: string, site: Error | undefined): TraceRefused {
  return new TraceRefused(
    `a number held in JavaScript changes from one step to the next (a counter, a schedule, a random number): ${what}`,
    site,
    'Compute it from the tensors `at.step`, `at.key` and `at.hyperparameters`, or keep it in a variable',
  );
}

function otherOperations(first: TracedOperation | undefined, second: TracedOperation | undefined): TraceRefused {
  return new TraceRefused(
    `the second step does something else than the first: ${first?.name ?? 'nothing'}, then ` +
      `${second?.name ?? 'nothing'}`,
    (second ?? first)?.site,
    'Do the same in every step; choose by tf.where on `at.step`, which is a tensor',
  );
}

function namesOf({ updates }: TracedOperation): string {
  return updates.map(({ name }) => name).join();
}

/** Shows the values, shortened. */
function show(values: ArrayLike<number>): string {
  const shown = Array.from({ length: Math.min(values.length, 3) }, (_, index) => String(values[index]));
  return values.length > 3 ? `[${shown.join(', ')}, …]` : shown.join(', ');
}
