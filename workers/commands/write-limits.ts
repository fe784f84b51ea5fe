/**
 * `npm run write-limits`: writes the table of docs/limits.md. Run it after a change of the content of histories or
 * messages.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { historyBudget } from '../../activities/specification/history-budget.ts';
import { RESERVE, TEMPORAL_LIMITS } from '../../activities/specification/temporal-limits.ts';
import { registryWith } from '../../activities/tasks/shipped.ts';
import { parseSpecification } from '../../activities/specification/parsing.ts';

export const LIMITS_PATH = fileURLToPath(new URL('../../docs/limits.md', import.meta.url));

const learningRate = {
  kind: 'float',
  scale: 'log',
  bounds: [1e-5, 1],
  initial: { distribution: 'log-uniform', range: [1e-3, 1e-1] },
};
const images = {
  task: { kind: 'image-classification', dataset: 'fashion-mnist', model: { kind: 'perceptron', hidden: [64] } },
  stepsPerRound: 200,
  evalEvery: 20,
  hyperparameters: { learningRate },
};

/** The runs of the table. All train Fashion-MNIST with 200 steps and ten measurements per round. */
const RUNS: readonly (readonly [title: string, specification: unknown])[] = [
  ['8 + 8 + 6, 30 rounds', { ...images, steps: 6_000, subPopulations: [{}, {}] }],
  ['50 workers (8 and three times 8 + 6), 100 rounds', { ...images, steps: 20_000, subPopulations: [{}, {}, {}, {}] }],
  [
    '200 members (100 + 100, 75 evaluators), 30 rounds',
    { ...images, steps: 6_000, subPopulations: [{ members: 100 }, { members: 100 }] },
  ],
  ['200 members of PBT, 100 rounds', { ...images, steps: 20_000, subPopulations: [{ members: 200 }] }],
];

const TABLE = /<!-- table -->[^]*<!-- end -->/;

/** Returns the document with a table that agrees with the budget. */
export function withCurrentTable(document: string): string {
  const { describe } = registryWith();
  const rows = RUNS.map(([title, specification]) => {
    const { root, subPopulations, payloads } = historyBudget(parseSpecification(specification, describe));
    const largest = payloads.reduce((most, one) => (one.sizeBytes > most.sizeBytes ? one : most));
    const round = {
      events: Math.max(...subPopulations.map(({ perRound }) => perRound.events)),
      bytes: Math.max(...subPopulations.map(({ perRound }) => perRound.bytes)),
    };
    const longest = {
      events: Math.max(...subPopulations.map((one) => one.longest.events)),
      bytes: Math.max(...subPopulations.map((one) => one.longest.bytes)),
    };
    return [
      title,
      formatDemand(root.longest),
      formatDemand(round),
      formatDemand(longest),
      `${kilobytes(largest.sizeBytes)}: ${largest.what}`,
    ];
  });
  const allowed = { events: TEMPORAL_LIMITS.events - RESERVE.events, bytes: TEMPORAL_LIMITS.bytes - RESERVE.bytes };
  const header = [
    'run',
    'the whole root',
    'one round of a sub-population',
    'longest history of a sub-population',
    'largest payload',
  ];
  const bounds = ['allowed', formatDemand(allowed), '', formatDemand(allowed), kilobytes(TEMPORAL_LIMITS.payloadBytes)];
  const table = [header, header.map(() => '---'), ...rows, bounds]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
  return document.replace(TABLE, `<!-- table -->\n${table}\n<!-- end -->`);
}

function formatDemand({ events, bytes }: { readonly events: number; readonly bytes: number }): string {
  return `${String(events)} events, ${kilobytes(bytes)}`;
}

function kilobytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(LIMITS_PATH, withCurrentTable(readFileSync(LIMITS_PATH, 'utf8')));
