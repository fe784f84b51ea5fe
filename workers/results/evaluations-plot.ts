/**
 * The plot of evaluator steps by the reason for which the evaluations ended.
 */
import { UserError } from '../processes/user-error.ts';
import { measure } from './measures.ts';
import { INK } from './plot.ts';
import type { Plot } from './plot.ts';
import { runsOf } from './stored-table.ts';
import type { StoredTable } from './stored-table.ts';
import { evaluationsOf, reasonsOf } from './tables.ts';

/** Returns one bar per arm: the mean evaluator steps of a run, stacked by the reason for which evaluations ended. */
export function evaluationsPlot(table: StoredTable): Plot {
  const reasons = reasonsOf(table);
  const arms = table.arms.filter((arm) => (measure(table, arm, 'evaluatorSteps').summary?.mean ?? 0) > 0);
  const values = arms.flatMap((arm) =>
    [...evaluationsOf(table, arm)].map(([reason, { steps: total }]) => ({
      arm,
      reason,
      order: reasons.indexOf(reason),
      steps: total / runsOf(table, arm).length,
    })),
  );
  if (values.length === 0) throw new UserError(`${table.name} has no evaluators`);
  return {
    description:
      `Steps that evaluators trained in a run of ${table.name}, on average, by the reason for which ` +
      `the evaluation ended`,
    spec: {
      data: { values },
      width: 420,
      height: { step: 24 },
      mark: 'bar',
      encoding: {
        x: {
          field: 'steps',
          type: 'quantitative',
          title: "evaluators' steps in a run",
          axis: { tickCount: 5, format: '~s' },
        },
        y: { field: 'arm', type: 'nominal', title: null, sort: [...arms] },
        color: {
          field: 'reason',
          type: 'nominal',
          title: 'ended by',
          scale: {
            domain: [...reasons],
            range: reasons.map((reason, index) =>
              reason === 'success' ? '#2a9d6f' : (FAILURE_COLOURS[index % FAILURE_COLOURS.length] ?? INK),
            ),
          },
        },
        order: { field: 'order', type: 'quantitative' },
      },
    },
  };
}

/** Colours of all reasons but success, which is green. */
const FAILURE_COLOURS = [
  '#d1495b',
  '#d9730d',
  '#b08a1e',
  '#8a6fd1',
  '#1f83c9',
  '#c2549b',
  '#3aa6b9',
  '#8c8c8c',
  '#5b7bb4',
  '#a0628a',
];
