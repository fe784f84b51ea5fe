/**
 * Formats the summary of a finished run, with its files and the next commands.
 */
import type { ResultSummary } from '../../activities/contracts/result.ts';
import { DEFAULT_BUCKET, runReportKey } from '../../activities/storage/layout.ts';
import type { Specification } from '../../activities/specification/specification.ts';
import { describeCodes } from '../../workflows/population/decision-code.ts';
import { childWorkflowId, shellWord, subPopulationName } from '../../workflows/population/names.ts';
import { REASON_TEXTS, type EvaluationEnd } from '../../workflows/population/verdict-text.ts';
import type { StackRecord } from '../stack/running-stack.ts';
import { commandWith } from '../processes/command-line.ts';
import { addressOf } from '../pages/addresses.ts';
import { displayObject, openableObject } from './object-places.ts';
import { formatCount, longNumber, shortNumber, shortScore } from '../../workflows/population/figures.ts';
import { temporalCommand } from './stack-addresses.ts';

const MAX_SEGMENTS = 8;

export interface SummaryPlaces {
  readonly stack: StackRecord;
  readonly runId: string;
  /** Tells whether the stack ends with this process. */
  readonly stackEnds: boolean;
  /** Command that starts the stack again. */
  readonly stackCommand: string;
  /** Directory of the stack as a person named it; undefined: the usual one. */
  readonly directory: string | undefined;
}

/** Describes the result of a run. Returns several lines. */
export function formatSummary(result: ResultSummary, specification: Specification, places: SummaryPlaces): string {
  const { promotions, verdicts, storage, rounds, steps } = result;
  const place = (key: string): string => displayObject(places.stack, { bucket: storage.bucket, key });
  const report = runReportKey(storage);
  const received = promotions
    .map((count, index) => `${count} into ${subPopulationName(index + 1)}`)
    .slice(0, Math.max(promotions.length - 1, 0));
  const codes = describeCodes(result.decidedBy);
  const ends = Object.entries(verdicts).sort(([, a], [, b]) => b - a);
  return [
    `${result.workflowId} is done: ${formatCount(rounds, 'round')}, ${formatCount(steps, 'step')} per member` +
      (result.stoppedEarly
        ? `, stopped early in round ${result.stoppedEarly.round}: ${result.stoppedEarly.reason}`
        : ''),
    '',
    `Winner      ${describeScores(result.winner, result)}`,
    ...otherLines(result, place),
    ...retracedLines(result),
    ...scheduleLines(result, specification),
    ...(received.length > 0 ? [`Promotions  ${received.join(', ')}`] : []),
    ...(ends.length > 0
      ? [`Evaluations ${ends.map(([reason, count]) => `${count} ${labelOf(reason)}`).join(', ')}`]
      : []),
    `Decisions   ${describeDecisions(result)}`,
    ...(codes === null ? [] : [`            ${codes}`]),
    `Result      ${place(result.resultKey)}`,
    ...result.files
      .filter((file) => file !== result.resultKey && file !== report)
      .map((file, index) => `${index === 0 ? 'Weights   ' : '          '}  ${place(file)}`),
    ...(result.undeleted > 0
      ? [`Left over   ${formatCount(result.undeleted, 'expired object')}, which the store refuses to delete`]
      : []),
    ...(places.stack.temporal.webUi === null || places.stackEnds
      ? []
      : [`Web UI      ${webPage(places.stack, result.workflowId, places.runId)}`]),
    ...(places.stackEnds ? [] : [`Live page   ${places.stack.pages}${addressOf('run', storage)}`]),
    '',
    places.stackEnds ? `Next: start the stack (${places.stackCommand}), then:` : 'Next:',
    `  ${temporalCommand(places.stack)} workflow show --workflow-id ${shellWord(result.workflowId)}`,
    `  ${temporalCommand(places.stack)} workflow query --workflow-id ` +
      `${shellWord(childWorkflowId(result.workflowId, subPopulationName(1)))} --type members`,
    '',
    result.files.includes(report)
      ? `Report: ${openableObject(places.stack, { bucket: storage.bucket, key: report })}`
      : `Report: it could not be written. Make it with ${reportCommand(result, places)}`,
  ].join('\n');
}

function reportCommand({ storage }: ResultSummary, { directory }: SummaryPlaces): string {
  return commandWith('report', [
    ...['--run', storage.folder],
    ...(storage.bucket === DEFAULT_BUCKET ? [] : ['--bucket', storage.bucket]),
    ...(directory === undefined ? [] : ['--directory', directory]),
  ]);
}

/** Describes who would have won under the other rule, with its weights. */
function otherLines({ other, score }: ResultSummary, place: (key: string) => string): string[] {
  if (other === undefined) return [];
  const [weights] = other.files;
  const title = other.rule === 'best-seen' ? 'Best seen ' : 'Last round';
  return [
    `${title}  ${describeScores(other, { ...other, score })}, at step ${longNumber(other.checkpoint.step)}`,
    ...(weights === undefined ? [] : [`            ${place(weights)}`]),
  ];
}

/** Says which run a retrace follows, and how far apart they are. */
function retracedLines({ retraced, score }: ResultSummary): string[] {
  if (retraced === undefined) return [];
  const { folder, seed, testScore, gap } = retraced;
  const apart =
    gap === null
      ? ''
      : gap === 0
        ? ', the same'
        : `, ${shortScore(Math.abs(gap))} ${gap > 0 ? 'better' : 'worse'} than this`;
  return [`Retraces    ${folder}, seed ${seed}: test ${score} ${shortScore(testScore)}${apart}`];
}

/** Returns the words for why evaluations ended. */
function labelOf(reason: string): string {
  return REASON_TEXTS[reason as EvaluationEnd].label;
}

function describeScores(
  { member, objective }: Pick<ResultSummary['winner'], 'member' | 'objective'>,
  {
    score,
    testScore,
    untouchedScore,
  }: Partial<Pick<ResultSummary, 'testScore' | 'untouchedScore'>> & { score: string },
): string {
  return (
    `${member}: objective ${shortScore(objective)}` +
    `${testScore === undefined ? '' : `, test ${score} ${shortScore(testScore)}`}` +
    `${untouchedScore === undefined ? '' : `, ${score} on untouched data ${shortScore(untouchedScore)}`}`
  );
}

function describeDecisions({ decisionsSha256, lost }: ResultSummary): string {
  if (decisionsSha256 !== null)
    return `sha256 ${decisionsSha256.slice(0, 16)}… (the same for the same specification and seed)`;
  return `incomplete, so there is no digest: ${lost[0]}${lost.length > 1 ? ' and others' : ''}`;
}

/** Returns the address of the run's page in the Web UI. */
export function webPage({ temporal }: StackRecord, workflowId: string, runId: string): string {
  return (
    `${temporal.webUi}/namespaces/${temporal.namespace}/workflows/${encodeURIComponent(workflowId)}/` +
    `${runId}/history`
  );
}

/** Describes the schedule of the searched hyperparameters. Joins consecutive segments with equal values. */
function scheduleLines({ schedule }: ResultSummary, specification: Specification): string[] {
  const searched = Object.entries(specification.hyperparameters).flatMap(([name, space]) =>
    typeof space === 'object' ? [name] : [],
  );
  const segments: { values: string; toStep: number }[] = [];
  for (const { hyperparameters, toStep } of schedule) {
    const values = searched.map((name) => formatValue(hyperparameters[name])).join(', ');
    const last = segments.at(-1);
    if (last?.values === values) last.toStep = toStep;
    else segments.push({ values, toStep });
  }
  if (segments.length === 0) return [];
  const listed =
    segments.length <= MAX_SEGMENTS ? segments : [...segments.slice(0, MAX_SEGMENTS - 1), ...segments.slice(-1)];
  const texts = listed.map(({ values, toStep }) => `${values} until step ${longNumber(toStep)}`);
  if (listed.length < segments.length) texts.splice(-1, 0, `${segments.length - listed.length} more`);
  return [`Schedule    ${searched.join(', ')}: ${texts.join('; ')}`];
}

function formatValue(value: number | string | undefined): string {
  return typeof value === 'number' ? shortNumber(value) : String(value);
}
