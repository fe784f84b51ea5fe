/**
 * A comparison as Markdown: what the Web UI shows of its workflow, and what `npm start` prints of it at the end.
 */
import type { ArmSummary, ComparisonRow, PairSummary, ScoreSummary } from '../../activities/contracts/comparison.ts';
import type { ComparisonProgress } from '../../activities/contracts/messages.ts';

type ScoreKind = 'testScore' | 'objective';

/** Returns how far the comparison is, what failed, and its tables. */
export function comparisonText(workflowId: string, progress: ComparisonProgress): string {
  const { runs, rows, running, failures, table } = progress;
  return [
    `**${workflowId}**: ${rows.length} of ${runs} runs done`,
    ...(running.length > 0 ? [`\nIn training: ${running.map((id) => `\`${id}\``).join(', ')}`] : []),
    ...failures.map((failure) => `\n**Failed** — ${failure}`),
    ...(rows.length > 0 ? ['', comparisonTables(progress)] : []),
    ...(table ? ['', `Curves, schedules, costs: \`${table.key}\` in bucket \`${table.bucket}\``] : []),
  ].join('\n');
}

/** Returns the table of test scores, that of objectives, that of costs. */
export function comparisonTables(progress: ComparisonProgress): string {
  return [
    scoreTable('test score', 'testScore', progress),
    scoreTable('objective', 'objective', progress),
    ...costTable(progress),
  ].join('\n\n');
}

/**
 * An arm a column, a seed a row; then what the arms come to, and what they are ahead of the first by, where they have
 * its task.
 */
function scoreTable(title: string, kind: ScoreKind, { rows, summary }: ComparisonProgress): string {
  const arms = [...new Set(rows.map(({ arm }) => arm))];
  const seeds = [...new Set(rows.map(({ seed }) => seed))].sort((a, b) => a - b);
  const row = (arm: string, seed: number): ComparisonRow | undefined =>
    rows.find((one) => one.arm === arm && one.seed === seed);
  const summaries = arms.map((arm) => summary?.arms.find((one) => one.arm === arm)?.[kind]);
  const differences = arms.map((arm) => summary?.differences.find((one) => one.arm === arm)?.[kind]);
  const told = (name: string, tell: (scores: NonNullable<ScoreSummary['scores']>) => string): string =>
    line([name, ...summaries.map((one) => (one?.scores ? tell(one.scores) : '–'))]);
  const against = (name: string, tell: (differences: NonNullable<PairSummary['differences']>) => string): string =>
    line([name, ...differences.map((one) => (one?.differences ? tell(one.differences) : '–'))]);
  const summed = [
    told('mean', ({ mean }) => score(mean)),
    told('median', ({ median }) => score(median)),
    told('interquartile mean', ({ interquartileMean }) => score(interquartileMean)),
    told('95 % interval of the mean', ({ meanInterval }) => interval(meanInterval)),
    ...(summaries.some((one) => one && one.diverged > 0)
      ? [line(['diverged, left out', ...summaries.map((one) => String(one?.diverged ?? 0))])]
      : []),
  ];
  const paired = [
    against(`less ${arms[0]}, by seed`, ({ meanDifference }) => signed(meanDifference)),
    against('95 % interval', (one) => interval(one.interval, signed)),
    against('p (pairs)', ({ p, pairs }) => `${String(Number(p.toPrecision(3)))} (${pairs})`),
  ];
  return [
    line([title, ...arms]),
    line(['---', ...arms.map(() => '---')]),
    ...seeds.map((seed) => line([`seed ${seed}`, ...arms.map((arm) => score(row(arm, seed)?.[kind]))])),
    ...(summary === null ? [] : summed),
    ...(summary === null || summary.differences.length === 0 ? [] : paired),
  ].join('\n');
}

/** Of a run on average, an arm a row. */
function costTable({ summary }: ComparisonProgress): string[] {
  if (summary === null) return [];
  const retraced = summary.arms.some(({ retraceGap }) => retraceGap);
  const head = [
    'a run on average',
    "members' steps",
    "evaluators' steps",
    'thrown away',
    'trainer seconds',
    'checkpoints',
    'written',
    'read',
    ...(retraced ? ['ahead of its retrace by'] : []),
  ];
  return [
    [
      line(head),
      line(head.map(() => '---')),
      ...summary.arms.map((arm) => line([...costCells(arm), ...(retraced ? [gap(arm)] : [])])),
    ].join('\n'),
  ];
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

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** Four decimals; `diverged` as it is, nothing yet as a dash. */
function score(value: number | string | undefined): string {
  return typeof value === 'number' ? value.toFixed(4) : (value ?? '–');
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
}

function interval(
  ends: { readonly low: number; readonly high: number } | null,
  told: (value: number) => string = score,
): string {
  return ends ? `${told(ends.low)} to ${told(ends.high)}` : '–';
}

function whole(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

function megabytes(bytes: number): string {
  return `${String(Number((bytes / 1e6).toPrecision(3)))} MB`;
}
