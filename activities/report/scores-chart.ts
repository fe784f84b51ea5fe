/**
 * The chart of scores: every worker's scores against its steps, with exploits, promotions and the winner's path.
 */
import type { Measurement, RunStory, SubPopulationStory } from '../runs/story.ts';
import { longNumber } from '../../workflows/population/figures.ts';
import { subPopulationName } from '../../workflows/population/names.ts';
import { DIAMOND, INK, levelColour, stepAxis, thinOut, WIDTHS } from './chart.ts';
import type { Chart, Position, Width } from './chart.ts';

/** Points of all lines together. */
const MAX_POINTS = 30_000;
/** Points of one line. */
const MAX_LINE_POINTS = 400;
const MIN_LINE_POINTS = 20;
/** Exploits that a chart marks; beyond it every k-th. */
export const MAX_MARKS = 1500;
/** The vertical axis leaves out the scores of the first tenth of a run, and the lowest of the others. */
const LEFT_OUT_SHARE = 0.1;
const LOWEST_SHARE = 0.04;

interface Row {
  readonly step: number;
  readonly score: number;
}

/** Returns the chart of one sub-population. */
export function scoresChart(story: RunStory, part: SubPopulationStory, score: string, width: Width): Chart {
  const { lines, path, copies, received } = rowsOf(story, part);
  const { x, y } = axes(lines, story, score, width);
  const colour = levelColour(part.subPopulation);
  const isWide = width === 'wide';
  const kinds = { domain: ['member', 'evaluator'], range: [[], [3, 2]] };
  const described = { x, y, description: { field: 'text' } } as const;
  const copied = { size: isWide ? 26 : 14, strokeWidth: 1.2, stroke: colour, fill: 'var(--page)', clip: true };
  return {
    description: `Scores of ${subPopulationName(part.subPopulation)} against steps, with exploits and promotions`,
    spec: {
      width: WIDTHS[width] - 70,
      height: isWide ? 240 : 200,
      layer: [
        {
          name: 'workers',
          data: { values: lines },
          mark: { type: 'line', strokeWidth: isWide ? 1 : 0.6, clip: true, stroke: colour, opacity: 0.5 },
          encoding: {
            ...{ x, y, detail: { field: 'line' } },
            strokeDash: { field: 'kind', scale: kinds, legend: null },
          },
        },
        {
          name: 'path',
          data: { values: path },
          mark: { type: 'line', strokeWidth: isWide ? 2.5 : 1.8, clip: true, stroke: INK },
          encoding: { x, y, detail: { field: 'line' } },
        },
        {
          name: 'exploits',
          data: { values: copies },
          mark: { type: 'point', ...copied, aria: true },
          encoding: described,
        },
        {
          name: 'promotions',
          data: { values: received },
          mark: { type: 'point', ...DIAMOND, aria: true },
          encoding: described,
        },
      ],
    },
  };
}

interface Rows {
  readonly lines: readonly (Row & { readonly line: string; readonly kind: 'member' | 'evaluator' })[];
  /** The stretches that the winner's weights come from. */
  readonly path: readonly (Row & { readonly line: number })[];
  readonly copies: readonly (Row & { readonly text: string })[];
  readonly received: readonly (Row & { readonly text: string })[];
}

function rowsOf(story: RunStory, { members, evaluators, exploits, promotions }: SubPopulationStory): Rows {
  const workers = [
    ...members.map((member) => ({ ...member, kind: 'member' as const })),
    ...evaluators.map((evaluator) => ({ ...evaluator, kind: 'evaluator' as const })),
  ];
  const most = Math.min(MAX_LINE_POINTS, Math.max(MIN_LINE_POINTS, Math.floor(MAX_POINTS / (workers.length || 1))));
  const curves = new Map(workers.map(({ worker, curve }) => [worker, new Map(curve)]));
  const at = (worker: string, step: number, text: string): Rows['copies'] => {
    const found = curves.get(worker)?.get(step);
    return typeof found === 'number' ? [{ step, score: found, text }] : [];
  };
  return {
    lines: workers.flatMap(({ worker, curve, kind }) =>
      stretches(curve, story.specification.evalEvery).flatMap((stretch, index) =>
        thinOut(stretch, most).map((row) => ({ ...row, line: `${worker} ${index}`, kind })),
      ),
    ),
    path: (story.leader?.history ?? []).flatMap(({ worker, fromStep, toStep }, line) =>
      [...(curves.get(worker) ?? [])].flatMap(([step, score]) =>
        step > fromStep && step <= toStep && typeof score === 'number' ? [{ step, score, line }] : [],
      ),
    ),
    copies: thinOut(exploits, MAX_MARKS).flatMap(({ round, step, member, source }) =>
      at(member, step, `${member} copied ${source} in round ${round} (step ${longNumber(step)})`),
    ),
    received: promotions.flatMap(({ round, step, member, evaluator, parent }) =>
      at(
        member,
        step,
        `${member} took over the weights of ${evaluator}, trained from ${parent}, in round ${round} ` +
          `(step ${longNumber(step)})`,
      ),
    ),
  };
}

function axes(
  lines: readonly Row[],
  story: RunStory,
  score: string,
  width: Width,
): { readonly x: Position; readonly y: Position } {
  const lastStep = story.rounds * story.specification.stepsPerRound;
  const scores = lines
    .filter(({ step }) => step >= LEFT_OUT_SHARE * lastStep)
    .map((row) => row.score)
    .sort((a, b) => a - b);
  const low = scores[Math.floor(LOWEST_SHARE * scores.length)] ?? 0;
  const high = scores.at(-1) ?? 0;
  return {
    x: { ...stepAxis(width), scale: { nice: false, domain: [0, Math.max(lastStep, 1)] } },
    y: {
      field: 'score',
      type: 'quantitative',
      title: score,
      scale: { zero: false, ...(low < high ? { domain: [low, high] } : {}) },
      axis: { tickCount: 5 },
    },
  };
}

/** Splits a curve at its gaps: an idle evaluator measures nothing. Scores that diverged are left out. */
function stretches(curve: readonly Measurement[], evalEvery: number): readonly (readonly Row[])[] {
  const found: Row[][] = [];
  let before = -Infinity;
  for (const [step, score] of curve) {
    if (typeof score !== 'number') continue;
    if (step - before > evalEvery) found.push([]);
    found.at(-1)?.push({ step, score });
    before = step;
  }
  return found;
}
