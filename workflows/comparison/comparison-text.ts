/**
 * Formats a comparison: as Markdown for the Web UI, and its tables for the end of `npm start`.
 */
import type { ArmSummary, ComparisonRow, PairSummary, ScoreSummary } from '../../activities/contracts/comparison.ts';
import type { ComparisonProgress } from '../../activities/contracts/messages.ts';
import { shortScore } from '../population/figures.ts';
import { markdownTable } from '../population/markdown-table.ts';

type ScoreKind = 'testScore' | 'objective';

/** Returns the progress of the comparison, its failures and its tables. */
export function comparisonText(workflowId: string, progress: ComparisonProgress): string {
  const { runs, rows, running, failures, ignored, notice, table, report } = progress;
  return [
    `**${workflowId}**: ${rows.length} of ${runs} runs done`,
    ...(running.length > 0 ? [`\nIn training: ${running.map((id) => `\`${id}\``).join(', ')}`] : []),
    ...(notice === null ? [] : [`\n${notice}`]),
    ...failures.map((failure) => `\n**Failed** — ${failure}`),
    ...ignored.map((one) => `\nIgnored signal ${one}`),
    ...(rows.length > 0 ? ['', comparisonTables(progress)] : []),
    ...(table ? ['', `Curves, schedules, costs: \`${table.key}\` in bucket \`${table.bucket}\``] : []),
    ...(report ? ['', `Report: \`${report.key}\` in bucket \`${report.bucket}\``] : []),
  ].join('\n');
}

/** Returns the tables of test scores, objectives and costs, each as `draw` draws it. */
export function comparisonTables(progress: ComparisonProgress, draw: typeof markdownTable = markdownTable): string {
  const tables = [
    scoreTable('test score', 'testScore', progress),
    scoreTable('objective', 'objective', progress),
    ...costTable(progress),
  ];
  return tables.map(({ head, rows }) => draw(head, rows)).join('\n\n');
}

interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * Returns a table with a column per arm and a row per seed. The rows below summarise the arms, and compare those that
 * have the same task as the first arm with it.
 */
function scoreTable(title: string, kind: ScoreKind, { rows, summary }: ComparisonProgress): Table {
  const arms = [...new Set(rows.map(({ arm }) => arm))];
  const seeds = [...new Set(rows.map(({ seed }) => seed))].sort((a, b) => a - b);
  const row = (arm: string, seed: number): ComparisonRow | undefined =>
    rows.find((one) => one.arm === arm && one.seed === seed);
  const summaries = arms.map((arm) => summary?.arms.find((one) => one.arm === arm)?.[kind]);
  const differences = arms.map((arm) => summary?.differences.find((one) => one.arm === arm)?.[kind]);
  const ofArms = (name: string, describe: (scores: NonNullable<ScoreSummary['scores']>) => string): string[] => [
    name,
    ...summaries.map((one) => (one?.scores ? describe(one.scores) : '–')),
  ];
  const ofPairs = (name: string, describe: (differences: NonNullable<PairSummary['differences']>) => string) => [
    name,
    ...differences.map((one) => (one?.differences ? describe(one.differences) : '–')),
  ];
  const summed = [
    ofArms('mean', ({ mean }) => shortScore(mean)),
    ofArms('median', ({ median }) => shortScore(median)),
    ofArms('interquartile mean', ({ interquartileMean }) => shortScore(interquartileMean)),
    ofArms('95 % interval of the mean', ({ meanInterval }) => interval(meanInterval)),
    ...(summaries.some((one) => one && one.diverged > 0)
      ? [['diverged (excluded)', ...summaries.map((one) => String(one?.diverged ?? 0))]]
      : []),
  ];
  const paired = [
    ofPairs(`minus ${arms[0]}, by seed`, ({ meanDifference }) => signed(meanDifference)),
    ofPairs('95 % interval', (one) => interval(one.interval, signed)),
    ofPairs('p (pairs)', ({ p, pairs }) => `${String(Number(p.toPrecision(3)))} (${pairs})`),
  ];
  return {
    head: [title, ...arms],
    rows: [
      ...seeds.map((seed) => [`seed ${seed}`, ...arms.map((arm) => shortScore(row(arm, seed)?.[kind]))]),
      ...(summary === null ? [] : summed),
      ...(summary === null || summary.differences.length === 0 ? [] : paired),
    ],
  };
}

/** Returns a table of the mean costs of a run, with a row per arm; nothing before the first summary. */
function costTable({ summary }: ComparisonProgress): Table[] {
  if (summary === null) return [];
  const retraced = summary.arms.some(({ retraceGap }) => retraceGap);
  const head = [
    'mean per run',
    "members' steps",
    "evaluators' steps",
    'thrown away',
    'trainer seconds',
    'checkpoints',
    'written',
    'read',
    ...(retraced ? ['retrace gap'] : []),
  ];
  const rows = summary.arms.map((arm) => [...costCells(arm), ...(retraced ? [gap(arm)] : [])]);
  return [{ head, rows }];
}

function costCells({ arm, costs }: ArmSummary): string[] {
  const {
    memberSteps,
    evaluatorSteps,
    thrownAwayShare,
    trainerSeconds,
    checkpointsWritten,
    checkpointBytesWritten,
    checkpointBytesRead,
  } = costs;
  const share = thrownAwayShare === null ? '–' : `${Math.round(100 * thrownAwayShare)} %`;
  return [
    arm,
    whole(memberSteps),
    whole(evaluatorSteps),
    share,
    whole(trainerSeconds),
    whole(checkpointsWritten),
    megabytes(checkpointBytesWritten),
    megabytes(checkpointBytesRead),
  ];
}

function gap({ retraceGap }: ArmSummary): string {
  return retraceGap?.scores
    ? `${signed(retraceGap.scores.mean)} (${interval(retraceGap.scores.meanInterval, signed)})`
    : '–';
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${shortScore(Math.abs(value))}`;
}

function interval(
  ends: { readonly low: number; readonly high: number } | null,
  told: (value: number) => string = shortScore,
): string {
  return ends ? `${told(ends.low)} to ${told(ends.high)}` : '–';
}

function whole(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

function megabytes(bytes: number): string {
  return `${String(Number((bytes / 1e6).toPrecision(3)))} MB`;
}
