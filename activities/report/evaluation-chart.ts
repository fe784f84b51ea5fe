/**
 * The small chart of one evaluation: the curves of evaluator and child, raw and smoothed, what was compared, and where
 * it ended.
 */
import { smoothed } from '../../workflows/population/smoothed-curve.ts';
import type { ScoreCurve } from '../../workflows/population/state.ts';
import type { EvaluationStory } from '../runs/story.ts';
import type { Specification } from '../specification/specification.ts';
import { ChartForm, INK, levelColour, MUTED, thinOut } from './chart.ts';
import type { Position } from './chart.ts';
import type { Html } from './html.ts';

const MAX_POINTS = 120;
const WIDTH = 270;
const HEIGHT = 130;

interface Row {
  readonly step: number;
  readonly score: number;
  readonly who: 'evaluator' | 'child';
}

/** Draws the evaluations of one sub-population. */
export class EvaluationCharts {
  readonly #specification: Specification;
  readonly #form: ChartForm;

  constructor(specification: Specification, subPopulation: number) {
    this.#specification = specification;
    this.#form = formFor(subPopulation);
  }

  async draw(evaluation: EvaluationStory): Promise<Html> {
    const { evaluatorCurve, childCurve, judgements, evaluator, child } = evaluation;
    const { evalEvery } = this.#specification;
    const last = judgements.at(-1);
    const judged = last === undefined ? evaluatorCurve.scores.length : last.evaluationSteps / evalEvery;
    const own = this.#rows('evaluator', { ...evaluatorCurve, scores: evaluatorCurve.scores.slice(0, judged) });
    const other = childCurve === null ? NOTHING : this.#rows('child', childCurve);
    const overlap = last?.verdict.overlap;
    const stretch = (rows: readonly Row[], start: number, length: number): readonly object[] => {
      const compared = rows.slice(start, start + length);
      const [from, to] = [compared[0], compared.at(-1)];
      return from && to ? [{ from: from.step - evalEvery / 2, to: to.step + evalEvery / 2, who: from.who }] : [];
    };
    const end = own.smoothed.at(-1) ?? own.raw.at(-1);
    return this.#form.draw(
      {
        raw: [...thinOut(other.raw, MAX_POINTS), ...thinOut(own.raw, MAX_POINTS)],
        smoothed: [...thinOut(other.smoothed, MAX_POINTS), ...thinOut(own.smoothed, MAX_POINTS)],
        compared: overlap
          ? [...stretch(other.raw, overlap.startB, overlap.length), ...stretch(own.raw, overlap.startA, overlap.length)]
          : [],
        end: end ? [end] : [],
      },
      `Scores of ${evaluator} and its child ${child} against steps`,
    );
  }

  #rows(who: Row['who'], curve: ScoreCurve): { readonly raw: readonly Row[]; readonly smoothed: readonly Row[] } {
    const { evalEvery } = this.#specification;
    const row = (score: unknown, index: number): Row[] =>
      typeof score === 'number' ? [{ step: curve.sinceStep + (index + 1) * evalEvery, score, who }] : [];
    const smooth = smoothed(curve, this.#specification);
    return {
      raw: curve.scores.flatMap(row),
      smoothed: smooth === 'diverged' ? [] : smooth.smoothed.flatMap(row),
    };
  }
}

const NOTHING = { raw: [], smoothed: [] } as const;

function formFor(subPopulation: number): ChartForm {
  const range = [levelColour(subPopulation), levelColour(subPopulation - 1)];
  const who = { field: 'who', legend: null, scale: { domain: ['evaluator', 'child'], range } };
  return new ChartForm({
    width: WIDTH,
    height: HEIGHT,
    layer: [
      {
        name: 'compared',
        data: { name: 'compared', values: [] },
        mark: { type: 'rect', opacity: 0.16 },
        encoding: { x: { ...X, field: 'from' }, x2: { field: 'to' }, fill: who },
      },
      {
        name: 'raw',
        data: { name: 'raw', values: [] },
        mark: { type: 'line', strokeWidth: 1, opacity: 0.45 },
        encoding: { x: X, y: Y, stroke: who },
      },
      {
        name: 'smoothed',
        data: { name: 'smoothed', values: [] },
        mark: { type: 'line', strokeWidth: 2 },
        encoding: { x: X, y: Y, stroke: who },
      },
      {
        name: 'end',
        data: { name: 'end', values: [] },
        mark: { type: 'rule', strokeDash: [3, 2], stroke: MUTED, strokeWidth: 1 },
        encoding: { x: X },
      },
      {
        name: 'decision',
        data: { name: 'end' },
        mark: { type: 'point', size: 60, filled: true, color: INK, opacity: 1 },
        encoding: { x: X, y: Y },
      },
    ],
  });
}

const X: Position = {
  field: 'step',
  type: 'quantitative',
  title: null,
  scale: { nice: false, zero: false, padding: 4 },
  axis: { tickCount: 4, grid: false, format: ',d' },
};
const Y: Position = {
  field: 'score',
  type: 'quantitative',
  title: null,
  scale: { zero: false, nice: false, padding: 6 },
  axis: { tickCount: 4, grid: true },
};
