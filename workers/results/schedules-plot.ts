/**
 * The plot of the winners' schedules.
 */
import { UserError } from '../processes/user-error.ts';
import { colourEncoding } from './plot.ts';
import type { Plot } from './plot.ts';
import { isHandMade, runsOf } from './stored-table.ts';
import type { StoredTable } from './stored-table.ts';

/**
 * Plots the learning rate, or the first other hyperparameter that changes: one panel per arm, one line per seed, and
 * the hand-made schedules in every panel.
 */
export function schedulesPlot(table: StoredTable): Plot {
  const name = searchedHyperparameter(table);
  const handMade = table.arms.filter((arm) => isHandMade(table, arm));
  const searching = table.arms.filter((arm) => !handMade.includes(arm));
  const panels = searching.length > 0 ? searching : handMade;
  const values = panels.flatMap((panel) =>
    [...handMade, panel].flatMap((arm, layer) =>
      runsOf(table, arm).flatMap(({ seed, schedule }) =>
        curvePoints(schedule, name).map((point) => ({ panel, arm, line: `${layer} ${arm} ${seed}`, ...point })),
      ),
    ),
  );
  const numbers = values.map(({ value }) => value);
  const positive = Math.min(...numbers) > 0;
  return {
    description:
      `${nameInWords(name)} against steps: the schedule of each run's winner in ${table.name}, one panel per arm` +
      (handMade.length > 0 && searching.length > 0 ? `, with those of ${handMade.join(' and ')} in grey` : ''),
    spec: {
      data: { values },
      facet: { field: 'panel', type: 'nominal', title: null, sort: [...panels] },
      columns: Math.min(panels.length, 3),
      spec: {
        width: panels.length === 1 ? 480 : 240,
        height: 180,
        mark: { type: 'line', interpolate: 'step-after', strokeWidth: 1.5, opacity: 0.85 },
        encoding: {
          x: {
            field: 'step',
            type: 'quantitative',
            title: 'steps',
            scale: { nice: false },
            axis: { tickCount: 4, grid: false },
          },
          y: {
            field: 'value',
            type: 'quantitative',
            title: nameInWords(name),
            scale: positive ? { type: 'log', domain: decadesAround(numbers), nice: false } : { zero: false },
            axis: positive ? { values: decades(numbers), format: '~g' } : {},
          },
          color: colourEncoding(
            table,
            table.arms.filter((arm) => handMade.includes(arm) || panels.includes(arm)),
          ),
          detail: { field: 'line', type: 'nominal' },
        },
      },
    },
  };
}

function searchedHyperparameter(table: StoredTable): string {
  const seen = new Map<string, Set<number>>();
  for (const [name, value] of table.runs.flatMap(({ schedule }) =>
    schedule.flatMap(({ hyperparameters }) => Object.entries(hyperparameters)),
  )) {
    if (typeof value === 'number') seen.set(name, (seen.get(name) ?? new Set()).add(value));
  }
  const searched = [...seen].filter(([, values]) => values.size > 1).map(([name]) => name);
  const name = searched.includes('learningRate') ? 'learningRate' : searched.sort()[0];
  if (name === undefined) throw new UserError(`${table.name} has no schedule with a changing number`);
  return name;
}

/** Returns the points of a step curve: the value at the first step of each segment, and again at the end. */
function curvePoints(
  schedule: StoredTable['runs'][number]['schedule'],
  name: string,
): { readonly step: number; readonly value: number }[] {
  const known = schedule.flatMap(({ fromStep, toStep, hyperparameters }) => {
    const value = Object.hasOwn(hyperparameters, name) ? hyperparameters[name] : undefined;
    return typeof value === 'number' ? [{ fromStep, toStep, value }] : [];
  });
  const corners = known
    .filter(({ value }, index) => value !== known[index - 1]?.value)
    .map(({ fromStep, value }) => ({ step: fromStep, value }));
  const last = known.at(-1);
  return last === undefined ? [] : [...corners, { step: last.toStep, value: last.value }];
}

/** Returns the powers of ten from just below the smallest value to just above the largest. */
function decades(values: readonly number[]): number[] {
  const [low, high] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(Math.max(...values)))];
  return Array.from({ length: high - low + 1 }, (_one, index) => Number(`1e${low + index}`));
}

function decadesAround(values: readonly number[]): [number, number] {
  const [low = 0.1, ...others] = decades(values);
  return [low, others.at(-1) ?? low * 10];
}

/** Returns `learningRate` as `learning rate`. */
function nameInWords(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
