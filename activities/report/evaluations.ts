/**
 * The evaluations of a run: a table of all, a small chart and a sentence for as many as a page can take, and what the
 * reasons mean.
 */
import { formatCount, longNumber, shortNumber } from '../../workflows/population/figures.ts';
import { describeP, explainEnd, REASON_TEXTS } from '../../workflows/population/verdict-text.ts';
import type { EvaluationEnd } from '../../workflows/population/verdict-text.ts';
import type { EvaluationStory, RunStory } from '../runs/story.ts';
import { levelColour, levelOf } from './chart.ts';
import { EvaluationCharts } from './evaluation-chart.ts';
import { markup, type Content, type Html } from './html.ts';
import { key } from './page.ts';

/** Evaluations with a chart. */
export const MAX_DRAWN = 600;

/** An evaluation with its number in the report, from 1. */
interface Numbered {
  readonly number: number;
  readonly evaluation: EvaluationStory;
}

/** Returns the section; undefined if the run has no evaluators. */
export async function evaluationsSection(story: RunStory): Promise<readonly Content[] | undefined> {
  const all = story.subPopulations
    .flatMap(({ evaluations }) => evaluations)
    .map((evaluation, index) => ({ number: index + 1, evaluation }));
  if (all.length === 0) return undefined;
  const drawn = chooseDrawn(all);
  const isDrawn = new Set(drawn.map(({ number }) => number));
  const parts = story.subPopulations.slice(1).map(({ subPopulation }) => subPopulation);
  const figures: Html[] = [];
  for (const part of parts) {
    const charts = new EvaluationCharts(story.specification, part);
    for (const one of drawn)
      if (levelOf(one.evaluation.evaluator) === part) figures.push(await drawFigure(story, charts, one));
  }
  const [part = 2] = parts;
  return [
    markup`<p>An evaluator trains the weights of its <i>parent</i>, a member of its own sub-population, with the
hyperparameters of its <i>child</i>, a member of the sub-population below. If it then improves more than the child from
the same score on, the child takes over its weights: a <i>promotion</i>.</p>
<div class="filters" hidden>
<label>Evaluator <select name="evaluator"><option value="">all</option></select></label>
<label>Ended in <select name="round"><option value="">any round</option></select></label>
<label>Ended by <select name="reason"><option value="">any reason</option></select></label>
<output></output>
</div>`,
    tableOfAll(all, isDrawn),
    markup`<p>${key(levelColour(part))}evaluator, ${key(levelColour(part - 1))}its child${
      parts.length > 1 ? ', in the colours of their sub-populations' : ''
    }. Thin lines are the measured scores, thick ones are smoothed. ${key(levelColour(part), 'shade')}Shaded is what was
compared: each curve from the first score on that both passed through. The dot is where it was decided.</p>`,
    drawn.length < all.length
      ? markup`<p>${longNumber(drawn.length)} of ${formatCount(all.length, 'evaluation')} have a chart: all promotions,
and others evenly spread over the run.</p>`
      : null,
    markup`<div class="evaluations">\n${figures}</div>`,
  ];
}

/** Returns what the reasons mean, those that ended evaluations of the run first. */
export function glossary(story: RunStory): Html {
  const { evaluations } = story.costs;
  const reasons = (Object.keys(REASON_TEXTS) as EvaluationEnd[]).filter((reason) => reason !== 'undecided');
  const count = (reason: EvaluationEnd): number => evaluations[reason]?.count ?? 0;
  return markup`<dl class="reasons">${reasons.filter((reason) => count(reason) > 0).map((reason) => entry(reason))}</dl>
    <details id="other-reasons">
      <summary>Reasons that ended no evaluation here</summary>
      <dl class="reasons">${reasons.filter((reason) => count(reason) === 0).map((reason) => entry(reason))}</dl>
    </details>`;
}

function entry(reason: EvaluationEnd): Html {
  const { label, meaning } = REASON_TEXTS[reason];
  return markup`<dt>${label}</dt>
    <dd>${meaning} <code>${reason}</code></dd> `;
}

/** Returns the evaluations to draw: all if they are few, else every success and others evenly spread. */
function chooseDrawn(all: readonly Numbered[]): readonly Numbered[] {
  if (all.length <= MAX_DRAWN) return all;
  const successes = all.filter(({ evaluation }) => evaluation.reason === 'success').slice(-MAX_DRAWN);
  const others = all.filter(({ evaluation }) => evaluation.reason !== 'success');
  const left = MAX_DRAWN - successes.length;
  const spread = Array.from({ length: left }, (_, index) => others[Math.floor((index * others.length) / left)]);
  return [...successes, ...spread.filter((one) => one !== undefined)].sort((a, b) => a.number - b.number);
}

/** Columns of the table, with their classes. */
const COLUMNS: readonly (readonly [name: string, kind: 'number' | 'nowrap'])[] = [
  ['no.', 'number'],
  ['rounds', 'nowrap'],
  ['evaluator', 'nowrap'],
  ['ended by', 'nowrap'],
  ['parent', 'nowrap'],
  ['child', 'nowrap'],
  ['steps', 'number'],
  ['overlap', 'number'],
  ['difference', 'number'],
  ['p', 'number'],
  ['limit', 'number'],
];

function tableOfAll(all: readonly Numbered[], isDrawn: ReadonlySet<number>): Html {
  const rows = all.map(({ number, evaluation }) => {
    const { evaluator, parent, child, reason } = evaluation;
    const cells: readonly Content[] = [
      isDrawn.has(number) ? markup`<a href="#evaluation-${number}">${number}</a>` : number,
      ...[roundsText(evaluation), evaluator],
      markup`<span class="reason ${reason}">${REASON_TEXTS[reason].label}</span>`,
      ...[parent, child, longNumber(stepsOf(evaluation))],
      ...comparisonCells(evaluation),
    ];
    const line = cells.map((cell, column) => markup`<td class="${COLUMNS[column]?.[1]}">${cell}</td>`);
    return markup`<tr id="row-${number}" ${attributes(evaluation)}>${line}</tr>\n`;
  });
  return markup`<div class="scroll tall"><table>
<thead><tr>${COLUMNS.map(([name, kind]) => markup`<th class="${kind}">${name}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div>
<p class="lead">Overlap: pairs of scores that were compared; none, below: the evaluator was entirely below its child.
Difference: the evaluator's best compared score minus its child's. p: how likely luck alone wins that many
of the compared pairs; above the limit the evaluator stops. Without an overlap nothing is compared.</p>`;
}

/** Returns the last comparison: overlap, difference of the best scores, p and the p above which it stops. */
function comparisonCells({ judgements }: EvaluationStory): readonly string[] {
  const verdict = judgements.at(-1)?.verdict;
  if (!verdict || verdict.gap === null || verdict.p === null) return ['–', '', '', ''];
  const { overlap, gap, p, threshold } = verdict;
  if (overlap === null) return [p === 0 ? 'none, above' : p > 1 ? 'none, below' : 'none', '', '', ''];
  return [
    longNumber(overlap.length),
    `${gap > 0 ? '+' : gap < 0 ? '−' : ''}${shortNumber(Math.abs(Number(gap.toPrecision(2))))}`,
    describeP(p).replace(/^p (= )?/, ''),
    threshold === null ? '' : shortNumber(Number(Math.min(threshold, 1).toPrecision(2))),
  ];
}

async function drawFigure(
  { specification }: RunStory,
  charts: EvaluationCharts,
  { number, evaluation }: Numbered,
): Promise<Html> {
  const { evaluator, parent, child, reason, judgements } = evaluation;
  const verdict = judgements.at(-1)?.verdict ?? null;
  const { significance } = specification.evaluation;
  return markup`<figure id="evaluation-${number}" data-chart="evaluation" ${attributes(evaluation)}>
    <header>
      <b>${evaluator}</b>, ${roundsText(evaluation, 'round ')}:
      <span class="reason ${reason}">${REASON_TEXTS[reason].label}</span><br />
      from ${parent}, against ${child}
    </header>
    ${await charts.draw(evaluation)}
    <figcaption>${explainEnd(reason, verdict, { parent, child }, { significance })}</figcaption>
  </figure> `;
}

function attributes({ evaluator, reason, ended }: EvaluationStory): Html {
  const { label } = REASON_TEXTS[reason];
  return markup`data-evaluator="${evaluator}" data-reason="${label}" data-round="${ended?.round ?? 'none'}"`;
}

/** Returns the rounds in which it trained: `3 – 5`. */
function roundsText({ assigned, ended, judgements }: EvaluationStory, noun = ''): string {
  const last = ended?.round ?? judgements.at(-1)?.round ?? assigned.round;
  if (last === assigned.round) return `${noun}${last}`;
  return `${noun === '' ? '' : 'rounds '}${assigned.round} – ${last}`;
}

function stepsOf({ judgements, ended, assigned }: EvaluationStory): number {
  return judgements.at(-1)?.evaluationSteps ?? (ended ? ended.step - assigned.step : 0);
}
