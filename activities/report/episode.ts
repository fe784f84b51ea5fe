/**
 * The beginning of an episode that a finished agent went through, number by number.
 */
import { z } from 'zod';
import { longNumber } from '../../workflows/population/figures.ts';
import { readRecorded } from '../runs/recorded-json.ts';
import type { RoundRecords } from '../runs/rounds.ts';
import type { RunStory } from '../runs/story.ts';
import { resultFileKey } from '../storage/layout.ts';
import { drawBoth, INK, WIDTHS, type Chart, type Width } from './chart.ts';
import { markup, type Html } from './html.ts';
import { figure } from './page.ts';

const FILE = 'episode.json';

/** What a task wrote of an episode. */
export interface Episode {
  /** Of the whole episode. */
  readonly steps: number;
  /** By name, one number for each of the first steps. */
  readonly series: Readonly<Record<string, readonly number[]>>;
}

const NEEDED_EPISODE = z.object({
  steps: z.int().positive(),
  series: z.record(z.string(), z.array(z.number()).min(1)),
});

/** Reads the episode that a run's result has; undefined: none that can be used. */
export async function readEpisode(
  records: Pick<RoundRecords, 'readJson'>,
  { storage, result }: RunStory,
): Promise<Episode | undefined> {
  const key = resultFileKey(storage, FILE);
  if (!result?.files.includes(key)) return undefined;
  const read = await readRecorded<Episode>(records, storage.bucket, key, NEEDED_EPISODE);
  return 'value' in read ? read.value : undefined;
}

/** Returns the section on an episode. */
export async function episodeSection(episode: Episode): Promise<Html> {
  const { steps, series } = episode;
  const [shown = 0] = Object.values(series).map(({ length }) => length);
  return figure('episode', await drawBoth((width) => episodeChart(episode, width)), [
    `An episode by the policy's mean actions, which lasted ${longNumber(steps)} steps`,
    steps > shown ? `: the first ${longNumber(shown)}. ` : '. ',
    markup`All of it, with all observations and actions, is in <code>result/episode.csv</code>.`,
  ]);
}

/** Returns the chart: a strip for each number, each with a scale of its own. */
function episodeChart({ series }: Episode, width: Width): Chart {
  const names = Object.keys(series);
  const rows = Object.entries(series).flatMap(([name, values]) => values.map((value, step) => ({ name, step, value })));
  return {
    description: `The first steps of an episode: ${names.join(', ')}`,
    spec: {
      data: { values: rows },
      facet: {
        row: {
          field: 'name',
          type: 'nominal',
          sort: names,
          title: null,
          header: { labelAnchor: 'start', labelOrient: 'top', labelPadding: 2 },
        },
      },
      spacing: 6,
      resolve: { scale: { y: 'independent' } },
      spec: {
        width: WIDTHS[width] - 70,
        height: 36,
        mark: { type: 'line', strokeWidth: 1.2, stroke: INK },
        encoding: {
          x: {
            field: 'step',
            type: 'quantitative',
            title: 'steps of the episode',
            scale: { nice: false },
            axis: { tickCount: 4, grid: false },
          },
          y: {
            field: 'value',
            type: 'quantitative',
            title: null,
            scale: { zero: false, nice: false, padding: 3 },
            axis: { tickCount: 2 },
          },
        },
      },
    },
  };
}
