/**
 * The results page: prose, tables and plots put together from the stored tables.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError, reasonOf } from '../processes/user-error.ts';
import { differenceName, differenceText, measureName, statisticName, statisticText } from './measures.ts';
import { describePlot, drawPlot, plotKind } from './plots.ts';
import type { PlotKind } from './plots.ts';
import { publishedTable } from './published.ts';
import { parseTable, runsOf } from './stored-table.ts';
import type { StoredTable } from './stored-table.ts';
import { costTable, evaluationTable, pairTable, promotionTable, scoreTable } from './tables.ts';
import { expandTemplate } from './template.ts';
import type { Expansion } from './template.ts';

/**
 * Quotes the tables: between `<!-- results: PROSE WITH PLACEHOLDERS` and `<!-- /results -->` stands what the prose
 * gives.
 */
const README = '../README.md';
const QUOTES = /(<!-- results:\n(.*?)-->\n).*?(<!-- \/results -->)/gs;

/** The prose, in the folder of the tables. */
const PROSE = 'page.md';
const MADE_BY = '<!-- Made by `npm run results` from results/page.md and the tables beside it: change those. -->\n\n';

export interface ResultsPage {
  /** Files by their path in the docs folder: the page and its plots, and the README beside the folder. */
  readonly files: ReadonlyMap<string, string>;
  /** Stored tables that the page does not use. */
  readonly unused: readonly string[];
}

/**
 * Makes the page of a docs folder: `results.md`, from `results/page.md` and `results/*.json`; and what the README
 * quotes.
 *
 * @throws UserError naming the file or the placeholder that is wrong
 */
export async function makePage(docs: string): Promise<ResultsPage> {
  const tables = new StoredTables(join(docs, 'results'));
  const plots = new Map<string, { readonly kind: PlotKind; readonly table: StoredTable }>();
  const expand = (prose: string): string =>
    expandTemplate(prose, expansions(tables, plots), (name) => tables.has(name));
  const files = new Map([['results.md', `${MADE_BY}${expand(readText(join(docs, 'results', PROSE)))}`]]);
  const readme = join(docs, README);
  if (existsSync(readme))
    files.set(
      README,
      readText(readme).replace(
        QUOTES,
        (_, head: string, prose: string, tail: string) => `${head}${expand(prose)}${tail}`,
      ),
    );
  for (const [file, { kind, table }] of plots) files.set(file, await drawPlot(kind, table));
  return { files, unused: tables.unused() };
}

/** What placeholders there are; each plot that is asked for is noted. */
function expansions(
  tables: StoredTables,
  plots: Map<string, { readonly kind: PlotKind; readonly table: StoredTable }>,
): Readonly<Record<string, Expansion>> {
  const ofTable = (show: (table: StoredTable) => string): Expansion => ({
    takes: ['TABLE'],
    expand: (name = '') => show(tables.get(name)),
  });
  return {
    table: ofTable(scoreTable),
    pairs: ofTable(pairTable),
    costs: ofTable(costTable),
    evaluations: ofTable(evaluationTable),
    promotions: ofTable(promotionTable),
    seeds: ofTable((table) => [...new Set(table.runs.map(({ seed }) => seed))].sort((a, b) => a - b).join(', ')),
    plot: {
      takes: ['KIND', 'TABLE'],
      expand: (kindName = '', name = '') => {
        const [kind, table] = [plotKind(kindName), tables.get(name)];
        const file = `results/${name}-${kind}.svg`;
        plots.set(file, { kind, table });
        return `![${describePlot(kind, table)}](${file})`;
      },
    },
    value: {
      takes: ['TABLE', 'ARM', 'MEASURE', 'STATISTIC'],
      expand: (name = '', arm = '', measure = '', statistic = '') =>
        statisticText(tables.get(name), arm, measureName(measure), statisticName(statistic)),
    },
    difference: {
      takes: ['TABLE', 'ARM', 'AGAINST', 'MEASURE', 'STATISTIC'],
      expand: (name = '', arm = '', against = '', measure = '', statistic = '') => {
        const table = tables.get(name);
        runsOf(table, against);
        return differenceText(table, arm, against, measureName(measure), differenceName(statistic));
      },
    },
    published: { takes: ['NAME'], expand: publishedTable },
  };
}

/** The tables of a folder, each read when it is first asked for. */
class StoredTables {
  readonly #folder: string;
  readonly #names: readonly string[];
  readonly #read = new Map<string, StoredTable>();

  constructor(folder: string) {
    this.#folder = folder;
    this.#names = listFolder(folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => file.slice(0, -'.json'.length))
      .sort();
  }

  has(name: string): boolean {
    return this.#names.includes(name);
  }

  get(name: string): StoredTable {
    if (!this.has(name)) throw new UserError(`there is no table ${join(this.#folder, `${name}.json`)}`);
    const file = join(this.#folder, `${name}.json`);
    const table = this.#read.get(name) ?? parseTable(name, readText(file), file);
    this.#read.set(name, table);
    return table;
  }

  unused(): readonly string[] {
    return this.#names.filter((name) => !this.#read.has(name));
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new UserError(`Cannot read ${folder}: ${reasonOf(error)}`, { cause: error });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`Cannot read ${file}: ${reasonOf(error)}`, { cause: error });
  }
}
