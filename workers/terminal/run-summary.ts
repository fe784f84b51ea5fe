/**
 * How a finished run is summed up, and where to look next.
 */
import { join, relative } from 'node:path';
import type { ResultSummary } from '../../activities/contracts/run.ts';
import type { Specification } from '../../activities/specification/specification.ts';
import { describeCodes } from '../../workflows/population/decision-code.ts';
import { subPopulationName } from '../../workflows/population/names.ts';
import type { StackRecord } from '../stack/running-stack.ts';
import { counted, longNumber, shortNumber, shortScore } from './figures.ts';
import { temporalCommand } from './stack-addresses.ts';

const TOLD_SEGMENTS = 8;

export interface SummaryPlaces {
  readonly stack: StackRecord;
  readonly runId: string;
  /** Whether the stack ends with this process. */
  readonly stackEnds: boolean;
}

/** Returns the lines. */
export function formatSummary(result: ResultSummary, specification: Specification, places: SummaryPlaces): string {
  const { winner, testScore, untouchedScore, promotions, verdicts, storage, rounds, steps } = result;
  const measured = specification.task.kind === 'image-classification' ? 'test accuracy' : 'score';
  const place = (key: string): string =>
    places.stack.s3.folder === null
      ? `s3://${storage.bucket}/${key}`
      : shown(join(places.stack.s3.folder, storage.bucket, key));
  const received = promotions
    .map((count, index) => `${count} into ${subPopulationName(index + 1)}`)
    .slice(0, Math.max(promotions.length - 1, 0));
  const codes = describeCodes(result.decidedBy);
  const ends = Object.entries(verdicts).sort(([, a], [, b]) => b - a);
  return [
    `${result.workflowId} is done: ${counted(rounds, 'round')}, ${counted(steps, 'step')} a member` +
      (result.stoppedEarly
        ? `, stopped early in round ${result.stoppedEarly.round}: ${result.stoppedEarly.reason}`
        : ''),
    '',
    `Winner      ${winner.member}: objective ${shortScore(winner.objective)}, ${measured} ` +
      `${shortScore(testScore)}` +
      `${untouchedScore === undefined ? '' : `, on images that no decision saw ${shortScore(untouchedScore)}`}`,
    ...scheduleLines(result, specification),
    ...(received.length > 0 ? [`Promotions  ${received.join(', ')}`] : []),
    ...(ends.length > 0 ? [`Evaluations ${ends.map(([reason, count]) => `${count} ${reason}`).join(', ')}`] : []),
    `Decisions   sha256 ${result.decisionsSha256.slice(0, 16)}… (equal for equal seeds)`,
    ...(codes === null ? [] : [`            ${codes}`]),
    `Result      ${place(result.resultKey)}`,
    ...result.files
      .filter((file) => file !== result.resultKey)
      .map((file, index) => `${index === 0 ? 'Weights   ' : '          '}  ${place(file)}`),
    ...(places.stack.temporal.webUi === null
      ? []
      : [`Web UI      ${webPage(places.stack, result.workflowId, places.runId)}`]),
    '',
    places.stackEnds ? 'Next: npm run stack, then' : 'Next:',
    `  ${temporalCommand(places.stack)} workflow show --workflow-id ${result.workflowId}`,
    `  ${temporalCommand(places.stack)} workflow query --workflow-id ${result.workflowId}/P1 --type members`,
  ].join('\n');
}

/** The run's page in the Web UI. */
export function webPage({ temporal }: StackRecord, workflowId: string, runId: string): string {
  return (
    `${temporal.webUi}/namespaces/${temporal.namespace}/workflows/${encodeURIComponent(workflowId)}/` +
    `${runId}/history`
  );
}

/** Searched hyperparameters only, stretches of equal ones joined. */
function scheduleLines({ schedule }: ResultSummary, specification: Specification): string[] {
  const searched = Object.entries(specification.hyperparameters).flatMap(([name, space]) =>
    typeof space === 'object' ? [name] : [],
  );
  const stretches: { values: string; toStep: number }[] = [];
  for (const { hyperparameters, toStep } of schedule) {
    const values = searched.map((name) => shown1(hyperparameters[name])).join(', ');
    const last = stretches.at(-1);
    if (last?.values === values) last.toStep = toStep;
    else stretches.push({ values, toStep });
  }
  if (stretches.length === 0) return [];
  const told =
    stretches.length <= TOLD_SEGMENTS ? stretches : [...stretches.slice(0, TOLD_SEGMENTS - 1), ...stretches.slice(-1)];
  const texts = told.map(({ values, toStep }) => `${values} to step ${longNumber(toStep)}`);
  if (told.length < stretches.length) texts.splice(-1, 0, `${stretches.length - told.length} more`);
  return [`Schedule    ${searched.join(', ')}: ${texts.join('; ')}`];
}

function shown1(value: number | string | undefined): string {
  return typeof value === 'number' ? shortNumber(value) : String(value);
}

function shown(file: string): string {
  const inside = relative(process.cwd(), file);
  return inside.startsWith('..') ? file : inside;
}
