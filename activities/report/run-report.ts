/**
 * The report of a run: one HTML file that shows what it found, how, why, and at what cost.
 */
import { formatCount, longNumber, shortBytes, shortDuration } from '../../workflows/population/figures.ts';
import { lineageOf } from '../../workflows/population/lineage.ts';
import { shellWord, subPopulationName, WORKFLOW_TYPES } from '../../workflows/population/names.ts';
import { REASON_TEXTS, type EvaluationEnd } from '../../workflows/population/verdict-text.ts';
import { DEFAULT_BUCKET, specificationKey, workflowIdOf } from '../storage/layout.ts';
import { readableJson } from '../storage/readable-json.ts';
import type { RunStory } from '../runs/story.ts';
import { drawBoth, levelColour } from './chart.ts';
import { episodeSection, type Episode } from './episode.ts';
import { evaluationsSection, glossary } from './evaluations.ts';
import { markup, table, type Content, type Html } from './html.ts';
import { describeAncestor, lineageChart } from './lineage-chart.ts';
import { answersOf, headOf, tilesOf } from './overview.ts';
import { figure, key, page, WITH_THE_PACKAGE, type Section, type Served } from './page.ts';
import { inWords, scheduleChart, searchedNumbers } from './schedule-chart.ts';
import { MAX_MARKS, scoresChart } from './scores-chart.ts';
import { weightsSection } from './weights.ts';

/** Ancestors that are listed in words. */
const MAX_LISTED = 60;

/** Returns the text of the report's HTML file, or of a served page. Equal stories give equal bytes. */
export async function runReport(story: RunStory, episode: Episode | undefined, served?: Served): Promise<string> {
  const name = story.result?.workflowId ?? workflowIdOf(story.storage);
  const evaluations = await evaluationsSection(story);
  const sections: readonly (Section | undefined)[] = [
    { id: 'answers', heading: 'In short', content: answersOf(story) },
    section('schedule', 'The schedule', await scheduleSection(story)),
    section('scores', 'Scores', await scoresSection(story)),
    section('episode', 'An episode', episode && (await episodeSection(episode))),
    section('lineage', 'Where the weights come from', await lineageSection(story)),
    section('evaluations', 'Evaluations', evaluations),
    section('reasons', 'What the reasons mean', evaluations && glossary(story)),
    { id: 'costs', heading: 'Cost', content: costsSection(story) },
    section('commands', 'What the operator did', commandsSection(story)),
    section('weights', 'Use the weights', weightsSection(story)),
    { id: 'again', heading: 'Make it again', content: againSection(story) },
    { id: 'specification', heading: 'Specification', content: specificationSection(story) },
  ];
  return page(
    `${name}: report of a run`,
    [headOf(story, name), tilesOf(story)],
    sections.filter((one) => one !== undefined),
    served,
  );
}

function section(id: string, heading: string, content: Content | undefined): Section | undefined {
  return content === undefined ? undefined : { id, heading, content };
}

async function scheduleSection(story: RunStory): Promise<readonly Html[] | undefined> {
  const names = searchedNumbers(story);
  if (names.length === 0 || story.rounds === 0) return undefined;
  const figures: Html[] = [];
  for (const name of names)
    figures.push(
      figure('schedule', await drawBoth((width) => scheduleChart(story, name, width)), [
        ...[
          key('var(--ink)'),
          `${inWords(name)} with which the winner's weights were trained, a dot for each change; `,
        ],
        ...['thin lines: everybody else, ', ...levelKeys(story), '.'],
      ]),
    );
  return figures;
}

async function scoresSection(story: RunStory): Promise<readonly Html[] | undefined> {
  if (story.rounds === 0) return undefined;
  const score = story.result?.score ?? 'score';
  const parts: Html[] = [];
  for (const part of story.subPopulations) {
    const { subPopulation, exploits, promotions, evaluators } = part;
    const colour = levelColour(subPopulation);
    const marked = exploits.length > MAX_MARKS ? ' (not all are marked)' : '';
    parts.push(
      markup`<h3>${subPopulationName(subPopulation)}</h3>`,
      figure('scores', await drawBoth((width) => scoresChart(story, part, score, width)), [
        ...[key(colour), 'members'],
        ...(evaluators.length > 0 ? [', ', key(colour, 'dashed'), 'evaluators'] : []),
        ...[', ', key('var(--ink)'), "the stretches that the winner's weights come from, "],
        ...[key(colour, 'dot'), formatCount(exploits.length, 'exploit'), marked],
        ...(promotions.length > 0
          ? [', ', key('var(--ink)', 'diamond'), formatCount(promotions.length, 'promotion')]
          : []),
        '. The axis leaves out the lowest scores.',
      ]),
    );
  }
  return parts;
}

async function lineageSection(story: RunStory): Promise<readonly Html[] | undefined> {
  const history = story.leader?.history ?? [];
  const lineage = lineageOf(history);
  if (lineage.length === 0) return undefined;
  const listed = lineage.slice(-MAX_LISTED);
  const first = lineage.length - listed.length;
  return [
    figure(
      'lineage',
      await drawBoth((width) => lineageChart(history, width)),
      markup`Each bar is what one worker trained, ${levelKeys(story)}. A vertical line is a copy of weights. The diamond
      is ${story.result ? 'the winner' : 'the leader'}.`,
    ),
    markup`<ol class="lineage" start="${first + 1}">
      ${listed.map((one, index) => markup`<li>${describeAncestor(one, lineage[first + index - 1])}</li> `)}
    </ol>`,
  ];
}

function levelKeys({ subPopulations }: RunStory): readonly Html[] {
  return subPopulations.map(
    ({ subPopulation }, index) =>
      markup`${index > 0 ? ', ' : ''}${key(levelColour(subPopulation))}${subPopulationName(subPopulation)}`,
  );
}

function costsSection({ costs }: RunStory): readonly Html[] {
  const { memberSteps, evaluatorSteps, trainerSeconds, checkpoints, evaluations } = costs;
  const ends = Object.entries(evaluations).sort(([, a], [, b]) => b.steps - a.steps);
  const most = Math.max(...ends.map(([, { steps }]) => steps), 1);
  return [
    table(
      ['what', 'how much'],
      [
        ['steps of members', longNumber(memberSteps)],
        ...(evaluatorSteps > 0 ? [['steps of evaluators', longNumber(evaluatorSteps)]] : []),
        ['time of all trainers together', shortDuration(trainerSeconds)],
        ['checkpoints written', `${longNumber(checkpoints.written)}, ${shortBytes(checkpoints.writtenBytes)}`],
        ['checkpoints read', `${longNumber(checkpoints.read)}, ${shortBytes(checkpoints.readBytes)}`],
      ],
      [1],
    ),
    ...(ends.length === 0
      ? []
      : [
          markup`<h3>Work of the evaluators, by the end of the evaluation</h3>`,
          table(
            ['ended by', 'evaluations', 'of these without overlap', 'steps', ''],
            ends.map(([reason, { count, steps, neverMet }]) => [
              REASON_TEXTS[reason as EvaluationEnd].label,
              longNumber(count),
              longNumber(neverMet),
              longNumber(steps),
              markup`<span
                class="bar${reason === 'success' ? ' good' : ''}"
                style="width:${((100 * steps) / most).toFixed(1)}%"
              ></span>`,
            ]),
            [1, 2, 3],
          ),
        ]),
  ];
}

function commandsSection({ commands, endedEarly }: RunStory): Html | undefined {
  if (commands.length === 0 && !endedEarly) return undefined;
  return markup`<ul>
    ${commands.map(
      ({ round, subPopulation, command: { kind, ...rest } }) =>
        markup`<li>
          Round ${round}, ${subPopulationName(subPopulation)}: ${kind} <code>${JSON.stringify(rest)}</code>
        </li> `,
    )}${endedEarly ? markup`<li>Round ${endedEarly.round}: ended the run early: ${endedEarly.reason}</li>` : null}
  </ul>`;
}

function againSection({ storage, algorithm, specification }: RunStory): readonly Html[] {
  const { bucket, folder } = storage;
  const run = `--run ${shellWord(folder)}${bucket === DEFAULT_BUCKET ? '' : ` --bucket ${bucket}`}`;
  const input = JSON.stringify({ run: folder, ...(bucket === DEFAULT_BUCKET ? {} : { storage: { bucket } }) });
  const start = 'temporal workflow start --task-queue fire-pbt';
  const command = (...lines: readonly string[]): Html => markup`<pre><code>${lines.join('\n')}</code></pre>`;
  return [
    markup`<p>The same run: save the specification below (in the bucket it is <code>${specificationKey(storage)}</code>)
as <code>again.json</code>. Seed ${specification.seed} is in it, so the decisions are the same.</p>`,
    command('npm start -- --input-file again.json'),
    markup`<p>With Temporal's command line, while a stack runs:</p>`,
    command(`${start} --type ${WORKFLOW_TYPES[algorithm]} --workflow-id again --input-file again.json`),
    markup`<p>Train only the schedule, from step 0, with one network and another seed:</p>`,
    command(`${start} --type retrace --workflow-id retraced --input ${shellWord(input)}`),
    markup`<p>The schedule for other programs, and this report anew. The stack need not run:</p>`,
    command(`npm run --silent schedule -- ${run} > schedule.json`, `npm run report -- ${run}`),
    WITH_THE_PACKAGE,
  ];
}

function specificationSection({ specification, decidedBy }: RunStory): Html {
  const codes = decidedBy.map(({ code, fromRound }) => markup`<li><code>${code}</code> from round ${fromRound}</li>`);
  return markup`<details open id="recorded">
      <summary>As it was recorded, with all defaults</summary>
      <pre><code>${readableJson(specification)}</code></pre>
    </details>
    ${
      codes.length > 0
        ? markup`<p>Code that decided:</p>
            <ul>
              ${codes}
            </ul>`
        : null
    }`;
}
