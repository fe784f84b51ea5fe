/**
 * The top of a run's report: its numbers, and short answers to what people ask first.
 */
import { describeCodes } from '../../workflows/population/decision-code.ts';
import {
  formatCount,
  longNumber,
  shortBytes,
  shortDuration,
  shortNumber,
  shortScore,
} from '../../workflows/population/figures.ts';
import { lineageOf } from '../../workflows/population/lineage.ts';
import { REASON_TEXTS, type EvaluationEnd } from '../../workflows/population/verdict-text.ts';
import { joinEqual } from '../runs/schedule.ts';
import type { RunStory } from '../runs/story.ts';
import { markup, type Content, type Html } from './html.ts';
import { ORIGIN_TEXTS } from './lineage-chart.ts';
import { inWords } from './schedule-chart.ts';

const ALGORITHMS = {
  'fire-pbt': 'FIRE PBT',
  pbt: 'PBT',
  'random-search': 'Random search',
  retrace: 'Retrace of a schedule',
} as const;
const OTHERS = { 'best-seen': 'the best seen', 'last-round': 'the best of the last round' } as const;
/** Segments of a schedule, and ancestors, that a sentence tells. */
const MAX_TOLD = 12;

/** Returns the name of the run, its state and its size. */
export function headOf(story: RunStory, name: string): Html {
  const { algorithm, specification, rounds, storage, lost } = story;
  const { subPopulations, task, seed, stepsPerRound } = specification;
  const members = subPopulations.map((one) => one.members).join(' + ');
  const evaluators = sum(subPopulations.map((one) => one.evaluators));
  return markup`<h1>${name} ${stateOf(story)}</h1>
<p class="lead">${ALGORITHMS[algorithm]}, task ${String(task.kind)}, seed ${seed}: ${members} members${
    evaluators > 0 ? ` and ${formatCount(evaluators, 'evaluator')}` : ''
  }, ${formatCount(rounds, 'round')} of ${formatCount(stepsPerRound, 'step')}. Folder
<code>s3://${storage.bucket}/${storage.folder}/</code></p>
${lost.length > 0 ? lostRecords(lost) : null}`;
}

function stateOf({ result, endedEarly, rounds, plannedRounds }: RunStory): Html {
  if (result === null) return markup`<span class="state">round ${rounds} of ${plannedRounds}</span>`;
  const state = endedEarly ? `stopped early in round ${endedEarly.round}` : 'finished';
  return markup`<span class="state done">${state}</span>`;
}

function lostRecords(lost: RunStory['lost']): Html {
  return markup`<p><b>Incomplete:</b> the story ends before the first round with a record that cannot be used.</p>
<ul>${lost.map(({ key, reason }) => markup`<li><code>${key}</code>: ${reason}</li>`)}</ul>`;
}

/** Returns the numbers of a run in tiles. */
export function tilesOf({ result, leader, best, costs }: RunStory): Html {
  const score = result?.score ?? 'score';
  const untouched = result?.untouchedScore;
  const tiles: readonly (readonly [value: string, label: string])[] = [
    ...(result ? [[shortScore(result.testScore), `test ${score} of the winner`] as const] : []),
    result
      ? [shortScore(result.winner.objective), `its ${score} on the data that ranks members`]
      : [shortScore(leader?.score), `${score} of the leader`],
    ...(untouched === undefined ? [] : [[shortScore(untouched), `its ${score} on untouched data`] as const]),
    ...(best ? [[shortScore(best.score), `best ${score} seen, in round ${best.round}`] as const] : []),
    ...(result?.other?.testScore === undefined
      ? []
      : [[shortScore(result.other.testScore), `test ${score} of ${OTHERS[result.other.rule]}`] as const]),
    [longNumber(costs.memberSteps + costs.evaluatorSteps), 'steps of all workers'],
    [shortDuration(costs.trainerSeconds), 'of trainers'],
  ];
  return markup`<div class="tiles">${tiles.map(
    ([value, label]) => markup`<div class="tile"><b>${value}</b><span>${label}</span></div>\n`,
  )}</div>`;
}

/** Returns questions and answers. */
export function answersOf(story: RunStory): Html {
  const { leader, result, costs } = story;
  const retraced = result?.retraced;
  const answers: readonly (readonly [string, Content])[] = [
    [result ? 'Which schedule won?' : 'Which schedule leads?', scheduleText(story)],
    ['Whose weights are they?', leader ? ancestryText(story) : 'No member has a finite score.'],
    ...(retraced
      ? ([
          [
            'Is the schedule as good without the weights that it was found with?',
            `Trained again from step 0 it reached ${shortScore(result.testScore)}; the run that found it, ` +
              `${retraced.folder}, had ${shortScore(retraced.testScore)}.`,
          ],
        ] as const)
      : []),
    ...(costs.evaluatorSteps > 0 ? ([['What did the evaluators decide?', evaluationsText(story)]] as const) : []),
    ['What did it cost?', costText(story)],
    ...(result ? ([['Can I trust it?', trustText(story)]] as const) : []),
  ];
  return markup`<dl class="answers">
    ${answers.map(
      ([question, answer]) =>
        markup`<dt>${question}</dt>
          <dd>${answer}</dd> `,
    )}
  </dl>`;
}

/** Describes the winner's schedule of searched hyperparameters: `learning rate 0.1 until step 200, then 0.05 …`. */
export function scheduleText({ leader, specification }: RunStory): string {
  const constant = (name: string): boolean => typeof specification.hyperparameters[name] !== 'object';
  const history = leader?.history ?? [];
  const names = Object.keys(specification.hyperparameters).filter((name) => {
    const values = new Set(history.map(({ hyperparameters }) => hyperparameters[name]));
    return !constant(name) || values.size > 1;
  });
  const texts = names.map((name) => {
    const segments = joinEqual(
      history.flatMap(({ hyperparameters, ...steps }) => {
        const value = hyperparameters[name];
        return value === undefined ? [] : [{ ...steps, hyperparameters: { [name]: value } }];
      }),
    );
    const told = segments.length > MAX_TOLD ? [...segments.slice(0, MAX_TOLD - 1), ...segments.slice(-1)] : segments;
    const parts = told.map(
      ({ toStep, hyperparameters }) => `${valueText(hyperparameters[name])} until step ${longNumber(toStep)}`,
    );
    const left = segments.length - told.length;
    if (left > 0) parts.splice(-1, 0, `${formatCount(left, 'more value')}`);
    return `${inWords(name)} ${parts.join(', then ')}`;
  });
  return texts.length === 0
    ? 'Nothing was searched: all hyperparameters are constant.'
    : `${sentence(texts.join('; '))}.`;
}

function ancestryText({ leader, subPopulations }: RunStory): Content {
  const lineage = lineageOf(leader?.history ?? []);
  const told = lineage.length > MAX_TOLD ? [...lineage.slice(0, MAX_TOLD - 1), ...lineage.slice(-1)] : lineage;
  const parts = told.map(({ worker, origin, fromStep }, index) =>
    index === 0 ? `${worker} from step 0` : `${worker} (${ORIGIN_TEXTS[origin]} at step ${longNumber(fromStep)})`,
  );
  const left = lineage.length - told.length;
  if (left > 0) parts.splice(-1, 0, `${formatCount(left, 'more worker')}`);
  const promoted = lineage.filter(({ origin }) => origin === 'promotion').length;
  const through = promoted === 0 ? 'No promotion' : formatCount(promoted, 'promotion');
  const isFire = subPopulations.length > 1;
  return `${parts.join(' → ')}.${isFire ? ` ${through} ${promoted > 1 ? 'are' : 'is'} among these copies.` : ''}`;
}

function evaluationsText({ costs }: RunStory): Content {
  const ends = Object.entries(costs.evaluations).sort(([, a], [, b]) => b.count - a.count);
  const total = ends.reduce((all, [, { count }]) => all + count, 0);
  const share = costs.thrownAwayShare;
  return markup`${formatCount(total, 'evaluation')}:
    ${ends.map(([reason, { count }]) => `${REASON_TEXTS[reason as EvaluationEnd].label} (${count})`).join(', ')}.
    ${share === null ? '' : `${Math.round(100 * share)} % of the evaluators' steps led to no promotion. `}
    <a href="#evaluations">Every evaluation</a> has its curves and its reason.`;
}

function costText({ costs }: RunStory): string {
  const { memberSteps, evaluatorSteps, trainerSeconds, checkpoints } = costs;
  return (
    `${longNumber(memberSteps)} steps of members` +
    `${evaluatorSteps > 0 ? ` and ${longNumber(evaluatorSteps)} of evaluators` : ''}; trainers worked ` +
    `${shortDuration(trainerSeconds)}, added up; ${formatCount(checkpoints.written, 'checkpoint')} with ` +
    `${shortBytes(checkpoints.writtenBytes)} were written.`
  );
}

function trustText({ result, decidedBy, specification }: RunStory): Content {
  const digest = result?.decisionsSha256;
  const codes = describeCodes(decidedBy);
  return markup`${
    digest === null || digest === undefined
      ? 'Some decisions are lost, so they have no digest.'
      : markup`The digest of all decisions is <code>${digest.slice(0, 16)}…</code>: the same specification and seed
          (${specification.seed}) give the same again.`
  }
  ${codes === null ? null : `${sentence(codes)}.`}`;
}

function valueText(value: number | string | undefined): string {
  return typeof value === 'number' ? shortNumber(value) : String(value);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
