/**
 * The report of a comparison: one HTML file with the arms over each other, their scores and differences, their
 * schedules and their costs.
 */
import type { Score } from '../../workflows/algorithm/curve.ts';
import { formatCount, longNumber, shortDuration, shortNumber, shortScore } from '../../workflows/population/figures.ts';
import { REASON_TEXTS, type EvaluationEnd } from '../../workflows/population/verdict-text.ts';
import type { ComparisonInput, Interval, PairedComparison, Summary } from '../contracts/comparison.ts';
import { readableJson } from '../storage/readable-json.ts';
import { drawBoth, drawChart, levelColour } from './chart.ts';
import {
  armColour,
  armSchedulesChart,
  bestByHand,
  changingNumbers,
  curvesChart,
  lanesChart,
  type Compared,
} from './comparison-charts.ts';
import { markup, table, type Content, type Html } from './html.ts';
import { shellWord } from '../../workflows/population/names.ts';
import { figure, key, page, WITH_THE_PACKAGE, type Section, type Served } from './page.ts';
import { inWords } from './schedule-chart.ts';

/** A comparison's table, and its workflow id. */
export interface ComparisonStory extends Compared {
  readonly workflowId: string;
  readonly input: ComparisonInput;
}

/** Returns the text of the report's HTML file, or of a served page. Equal comparisons give equal bytes. */
export async function comparisonReport(story: ComparisonStory, served?: Served): Promise<string> {
  const { workflowId, input, runs, summary } = story;
  const planned = Object.keys(input.arms).length * input.seeds.length;
  const isDone = runs.length === planned;
  const head = markup`<h1>${workflowId} <span class="state${isDone ? ' done' : ''}">${
    isDone ? 'finished' : `${runs.length} of ${planned} runs`
  }</span></h1>
<p class="lead">A comparison of ${formatCount(summary.arms.length, 'arm')} with
${formatCount(input.seeds.length, 'seed')}. Differences are taken seed by seed.</p>`;
  const sections: readonly (Section | undefined)[] = [
    { id: 'answers', heading: 'In short', content: shortOf(story) },
    { id: 'scores', heading: 'Test scores', content: await scoresOf(story) },
    await differencesSection(story),
    { id: 'curves', heading: 'Arms over each other', content: await curvesOf(story) },
    await schedulesSection(story),
    { id: 'costs', heading: 'Cost', content: costsOf(story) },
    { id: 'runs', heading: 'Runs', content: runsOf(story, served) },
    { id: 'again', heading: 'Make it again', content: againOf(story) },
  ];
  return page(
    `${workflowId}: report of a comparison`,
    head,
    sections.filter((one) => one !== undefined),
    served,
  );
}

function shortOf({ summary, runs }: ComparisonStory): Content {
  const ranked = summary.arms
    .flatMap(({ arm, testScore }) => (testScore.scores ? [{ arm, mean: testScore.scores.mean }] : []))
    .sort((a, b) => b.mean - a.mean);
  const [best] = ranked;
  const trainerSeconds = runs.reduce((sum, { costs }) => sum + costs.trainerSeconds, 0);
  const steps = runs.reduce((sum, { costs }) => sum + costs.memberSteps + costs.evaluatorSteps, 0);
  const answers: readonly (readonly [string, Content])[] = [
    [
      'Which arm is best?',
      best
        ? `${best.arm}, with a mean test score of ${shortScore(best.mean)}. ` +
          `All: ${ranked.map(({ arm, mean }) => `${arm} ${shortScore(mean)}`).join(', ')}.`
        : 'No run has a finite test score.',
    ],
    ...(summary.differences.length > 0
      ? [['Is it more than luck?', summary.differences.map(differenceText)] as const]
      : []),
    [
      'What did it cost?',
      `${formatCount(runs.length, 'run')}, ${longNumber(steps)} steps of all workers, ` +
        `${shortDuration(trainerSeconds)} of trainers.`,
    ],
  ];
  return markup`<dl class="answers">${answers.map(
    ([question, answer]) => markup`<dt>${question}</dt><dd>${answer}</dd>\n`,
  )}</dl>`;
}

function differenceText({ arm, against, testScore }: ComparisonStory['summary']['differences'][number]): Html {
  const found = testScore.differences;
  if (!found) return markup`<div>${arm} and ${against} have no pair of finite scores.</div>`;
  const { meanDifference, interval, p, pairs } = found;
  const isClear = interval !== null && (interval.low > 0 || interval.high < 0);
  return markup`<div>${arm} minus ${against}: ${signed(meanDifference)} on average of ${formatCount(pairs, 'seed')}${
    interval ? ` (95 % interval ${intervalText(interval, signed)}, p = ${shortNumber(p)})` : ''
  }: ${isClear ? 'the interval excludes 0' : 'no clear difference'}.</div>`;
}

async function scoresOf(story: ComparisonStory): Promise<Content> {
  const { runs, summary } = story;
  const arms = summary.arms.map(({ arm }) => arm);
  const lanes = {
    title: 'test score',
    description: 'Test scores of every arm: seeds, means and their 95 % intervals',
    zero: false,
    values: runs.flatMap(({ arm, seed, testScore }) =>
      typeof testScore === 'number' ? [{ arm, value: testScore, text: `${arm}, seed ${seed}: ${testScore}` }] : [],
    ),
    means: summary.arms.flatMap(({ arm, testScore: { scores } }) =>
      scores ? [{ arm, mean: scores.mean, interval: scores.meanInterval }] : [],
    ),
  };
  const row = (arm: string, scores: Summary | null, diverged: number): readonly Content[] => [
    [key(armColour(story, arm)), arm],
    scores?.count ?? 0,
    scores
      ? [shortScore(scores.mean), scores.standardDeviation === null ? '' : ` ± ${shortScore(scores.standardDeviation)}`]
      : '–',
    shortScore(scores?.median),
    shortScore(scores?.interquartileMean),
    intervalText(scores?.meanInterval ?? null),
    diverged,
  ];
  return [
    figure(
      'scores',
      await drawBoth((width) => lanesChart(story, arms, lanes, width)),
      'A dot is a run, the stroke is the mean of the arm, the bar its 95 % interval.',
    ),
    table(
      ['arm', 'runs', 'mean ± sd', 'median', 'interquartile mean', '95 % interval of the mean', 'diverged'],
      summary.arms.map(({ arm, testScore }) => row(arm, testScore.scores, testScore.diverged)),
      [1, 2, 3, 4, 5, 6],
    ),
  ];
}

async function differencesSection(story: ComparisonStory): Promise<Section | undefined> {
  const { differences } = story.summary;
  const [first] = differences;
  if (!first) return undefined;
  const { against } = first;
  const arms = differences.map(({ arm }) => arm);
  const reference = new Map(story.runs.flatMap((run) => (run.arm === against ? [[run.seed, run.testScore]] : [])));
  const lanes = {
    title: `test score minus that of ${against}`,
    description: `Differences to ${against} at equal seeds, their means and 95 % intervals`,
    zero: true,
    values: story.runs.flatMap(({ arm, seed, testScore }) => {
      const other: Score | undefined = reference.get(seed);
      if (!arms.includes(arm) || typeof testScore !== 'number' || typeof other !== 'number') return [];
      return [{ arm, value: testScore - other, text: `${arm}, seed ${seed}: ${signed(testScore - other)}` }];
    }),
    means: differences.flatMap(({ arm, testScore: { differences: found } }) =>
      found ? [{ arm, mean: found.meanDifference, interval: found.interval }] : [],
    ),
  };
  const row = (arm: string, found: PairedComparison | null): readonly Content[] => [
    [key(armColour(story, arm)), `${arm} − ${against}`],
    found?.pairs ?? 0,
    found ? signed(found.meanDifference) : '–',
    intervalText(found?.interval ?? null, signed),
    found?.effectSize === null || found === null ? '–' : shortNumber(found.effectSize),
    found ? shortNumber(found.p) : '–',
  ];
  const content = [
    figure(
      'differences',
      await drawBoth((width) => lanesChart(story, arms, lanes, width)),
      `A dot is a seed: the test score of the arm minus that of ${against}. Right of the line the arm is better.`,
    ),
    table(
      ['difference', 'pairs', 'mean', '95 % interval', 'effect size', 'p'],
      differences.map(({ arm, testScore }) => row(arm, testScore.differences)),
      [1, 2, 3, 4, 5],
    ),
    markup`<p class="lead">p: two-sided sign-flip test of the pairs. With n pairs it is never below 2 / 2ⁿ.</p>`,
  ];
  return { id: 'differences', heading: 'Differences, seed by seed', content };
}

async function curvesOf(story: ComparisonStory): Promise<Content> {
  return figure('curves', await drawBoth((width) => curvesChart(story, width)), [
    ...story.summary.arms.flatMap(({ arm }, index) => [index > 0 ? ', ' : '', key(armColour(story, arm)), arm]),
    '. Best score in the sub-population that optimises the objective: the median over the seeds, and their range.',
  ]);
}

async function schedulesSection(story: ComparisonStory): Promise<Section | undefined> {
  const names = changingNumbers(story);
  if (names.length === 0) return undefined;
  const byHand = bestByHand(story);
  const dashed = byHand
    ? markup`<p>Dashed: the best schedule whose form was made by hand, of ${byHand.arm}, seed ${byHand.seed}.</p>`
    : null;
  const parts: Html[] = [];
  for (const name of names) {
    const figures: Html[] = [];
    for (const arm of story.summary.arms) {
      const drawn = await drawChart(armSchedulesChart(story, arm, name));
      figures.push(markup`<figure data-chart="schedules"><header><b>${arm.arm}</b></header>${drawn}</figure>\n`);
    }
    const heading = markup`<h3>${inWords(name)} of the winners, a line per seed</h3>`;
    parts.push(markup`${heading}${dashed}<div class="evaluations">\n${figures}</div>`);
  }
  return { id: 'schedules', heading: 'Schedules', content: parts };
}

function costsOf({ summary, runs }: ComparisonStory): Content {
  const ends = (arm: string): string => {
    const counts = new Map<string, number>();
    for (const { costs } of runs.filter((run) => run.arm === arm))
      for (const [reason, { count }] of Object.entries(costs.evaluations))
        counts.set(reason, (counts.get(reason) ?? 0) + count);
    return [...counts]
      .sort(([, a], [, b]) => b - a)
      .map(([reason, count]) => `${REASON_TEXTS[reason as EvaluationEnd].label} (${count})`)
      .join(', ');
  };
  return table(
    ['arm', 'steps of members', 'of evaluators', 'without promotion', 'trainers', 'evaluations of all runs'],
    summary.arms.map(({ arm, costs }, index) => [
      [key(levelColour(index + 1)), arm],
      longNumber(Math.round(costs.memberSteps)),
      longNumber(Math.round(costs.evaluatorSteps)),
      costs.thrownAwayShare === null ? '–' : `${Math.round(100 * costs.thrownAwayShare)} %`,
      shortDuration(costs.trainerSeconds),
      ends(arm),
    ]),
    [1, 2, 3, 4],
  );
}

function runsOf({ runs }: ComparisonStory, served: Served | undefined): Content {
  const retraced = runs.some(({ retrace }) => retrace);
  return table(
    ['arm', 'seed', 'test score', 'objective', ...(retraced ? ['retraced alone'] : []), 'folder'],
    runs.map(({ arm, seed, testScore, objective, retrace, bucket, folder }) => [
      ...[arm, seed, shortScore(testScore), shortScore(objective)],
      ...(retraced ? [shortScore(retrace?.testScore)] : []),
      served
        ? markup`<a href="${served.runAddress({ bucket, folder })}">${folder}</a>`
        : markup`<code>${folder}</code>`,
    ]),
    retraced ? [1, 2, 3, 4] : [1, 2, 3],
  );
}

function againOf({ workflowId, input }: ComparisonStory): Content {
  return markup`<p>Save the input below as <code>comparison.json</code>. Under the same workflow id no finished run is
trained twice.</p>
<pre><code>npm start -- --input-file comparison.json --workflow-id ${shellWord(workflowId)}</code></pre>
<p>The report of one of its runs:</p>
<pre><code>npm run report -- --run FOLDER</code></pre>
${WITH_THE_PACKAGE}
<details id="input"><summary>Input</summary><pre><code>${readableJson(input)}</code></pre></details>`;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
}

function intervalText(interval: Interval | null, told: (value: number) => string = shortScore): string {
  return interval ? `${told(interval.low)} … ${told(interval.high)}` : '–';
}
