/**
 * The page of all runs and comparisons.
 */
import { createHash } from 'node:crypto';
import { markup, table, type Content, type Html } from '../../activities/report/html.ts';
import { page, type Section } from '../../activities/report/page.ts';
import { formatCount, longNumber } from '../../workflows/population/figures.ts';
import { addressOf } from './addresses.ts';
import type { Standing, Started } from './executions.ts';

/** Characters of a message, such as a failure with the names of all its runs. */
const MAX_MESSAGE = 400;

/** All runs and comparisons. */
export interface Overview {
  readonly bucket: string;
  readonly all: readonly Started[];
  /** What could not be read, and what is left out. */
  readonly problems: readonly string[];
}

/** Returns the version of the page, and its text. */
export function indexPage(overview: Overview): { readonly version: string; readonly html: string } {
  const { bucket, all, problems } = overview;
  const head = markup`<h1>Runs</h1>
<p class="lead">All runs and comparisons that Temporal knows, and those in bucket <code>${bucket}</code>.</p>
${problems.map((problem) => markup`<p class="trouble">${problem}</p>\n`)}`;
  const sections = sectionsOf(overview);
  const text = (version: string): string =>
    page('fire-pbt: runs', head, sections, {
      version,
      standing: null,
      runAddress: (run) => addressOf('run', run),
    });
  const version = createHash('sha256').update(text('')).digest('hex');
  return { version, html: text(all.length === 0 && problems.length > 0 ? '' : version) };
}

function sectionsOf({ bucket, all }: Overview): readonly Section[] {
  const comparisons = all.filter(({ kind }) => kind === 'comparison');
  const runs = all.filter(({ kind }) => kind === 'run');
  const alone = runs.filter((run) => !comparisons.some((one) => isOf(one, run)));
  const list = (entries: readonly Started[]): Html => tableOf(entries, bucket);
  return [
    ...(comparisons.length === 0
      ? []
      : [
          {
            id: 'comparisons',
            heading: 'Comparisons',
            content: [list(comparisons), ...comparisons.map((one) => runsOf(one, runs, list))],
          },
        ]),
    {
      id: 'runs',
      heading: comparisons.length === 0 ? 'All runs' : 'Other runs',
      content: alone.length === 0 ? markup`<p>There is none yet.</p>` : list(alone),
    },
  ];
}

/** Tells whether a run belongs to a comparison. */
function isOf(comparison: Started, { workflowId }: Started): boolean {
  return workflowId.startsWith(`${comparison.workflowId}/`);
}

function runsOf(
  comparison: Started,
  all: readonly Started[],
  list: (runs: readonly Started[]) => Html,
): Html | undefined {
  const runs = all.filter((run) => isOf(comparison, run));
  const { folder, workflowId } = comparison;
  if (runs.length === 0) return undefined;
  return markup`<details id="runs-of-${folder}"><summary>${formatCount(runs.length, 'run')} of ${workflowId}</summary>
${list(runs)}</details>\n`;
}

function tableOf(entries: readonly Started[], bucket: string): Html {
  const rows = table(
    ['name', 'state', 'done', 'best score', 'started'],
    entries.map(({ kind, workflowId, folder, standing, startedAt }) => [
      markup`<a href="${addressOf(kind, { bucket: standing.bucket ?? bucket, folder })}">${workflowId}</a>${messagesOf(
        standing,
      )}`,
      stateChip(standing),
      progressOf(standing, kind === 'run' ? 'round' : 'run'),
      standing.best ?? '–',
      startedAt === null ? '–' : markup`<span class="nowrap">${minuteOf(startedAt)}</span>`,
    ]),
    [3],
  );
  // On a phone, each row is a block of its own.
  return markup`<div class="list">${rows}</div>`;
}

/** Returns a state as a badge. */
export function stateChip({ state, isOver }: Pick<Standing, 'state' | 'isOver'>): Html {
  return markup`<span class="state ${lookOf(state, isOver)}">${state}</span>`;
}

function lookOf(state: string, isOver: boolean): 'done' | 'bad' | 'on' | '' {
  if (state === 'finished') return 'done';
  if (isOver || state === 'holding') return 'bad';
  return state === 'running' ? 'on' : '';
}

function messagesOf({ messages }: Standing): Content {
  return messages.map(
    (text) => markup`<div class="note">${text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)} …` : text}</div>`,
  );
}

function progressOf({ done, planned }: Standing, noun: string): Content {
  if (done === null) return '–';
  if (planned === null || planned === 0) return formatCount(done, noun);
  return markup`<span class="nowrap">${longNumber(done)} of ${formatCount(planned, noun)}</span>
<span class="progress"><span style="width:${((100 * done) / planned).toFixed(1)}%"></span></span>`;
}

/** Formats a time of this machine's clock as `2026-01-31 17:05`. */
function minuteOf(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}
