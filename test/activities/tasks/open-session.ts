/**
 * Opens sessions of tasks as a trainer does, without one.
 */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { HyperparameterValues } from '../../../workflows/algorithm/hyperparameters.ts';
import type { TaskDefinition } from '../../../activities/tasks/define-task.ts';
import type { Report, Session, State } from '../../../activities/tasks/task.ts';

const DATA_DIRECTORY = fileURLToPath(new URL('../../../.local/data', import.meta.url));

export interface Opened {
  readonly seed?: number;
  readonly worker?: string;
  readonly hyperparameters?: HyperparameterValues;
}

/** Opens a session of a task with these settings, which the caller disposes of. */
export async function openSession<Settings>(
  task: TaskDefinition<Settings>,
  settings: Readonly<Record<string, unknown>>,
  { seed = 7, worker = 'P1/member-3', hyperparameters = { learningRate: 0.01 } }: Opened = {},
): Promise<Session> {
  const own = task.settings.parse(settings);
  const defaults = task
    .hyperparameters(own)
    .flatMap(({ name, default: value }) => (value === undefined ? [] : [[name, value] as const]));
  return task.open(own, {
    seed,
    worker,
    hyperparameters: { ...Object.fromEntries(defaults), ...hyperparameters },
    dataDirectory: DATA_DIRECTORY,
  });
}

/** Uses a session and disposes of it. */
export async function withSession<Settings, Result>(
  task: TaskDefinition<Settings>,
  settings: Readonly<Record<string, unknown>>,
  opened: Opened,
  use: (session: Session) => Promise<Result>,
): Promise<Result> {
  const session = await openSession(task, settings, opened);
  try {
    return await use(session);
  } finally {
    await session.dispose();
  }
}

/** Trains from nothing; measures at the end. */
export async function trainFromNothing<Settings>(
  task: TaskDefinition<Settings>,
  settings: Readonly<Record<string, unknown>>,
  steps: number,
  opened: Opened = {},
): Promise<{ readonly score: number | 'diverged'; readonly state: State }> {
  return withSession(task, settings, opened, async (session) => {
    await session.initialise();
    await session.train(0, steps);
    return { score: await session.measure(), state: await session.save() };
  });
}

/** Returns a digest of names and contents. */
export function digestOf(state: State): string {
  const hash = createHash('sha256');
  for (const name of [...state.keys()].sort()) hash.update(`${name}\n`).update(state.get(name)!.data);
  return hash.digest('hex');
}

/** Returns the floats of a tensor. */
export function floatsOf(state: State, name: string): Float32Array {
  const tensor = state.get(name);
  if (tensor?.dtype !== 'F32') throw new Error(`Expected a tensor of floats \`${name}\`, got \`${tensor?.dtype}\``);
  return new Float32Array(tensor.data.slice().buffer);
}

/** Returns a file of a report as text. */
export function textOf({ exports }: Report, name: string): string {
  const file = exports.find((one) => one.name === name);
  if (!file) throw new Error(`Expected the report to have ${name}`);
  return new TextDecoder().decode(file.bytes);
}

/** Loads the layers model of a report. */
export async function loadExported(tfjs: typeof Tfjs, report: Report): Promise<Tfjs.LayersModel> {
  const { modelTopology, weightsManifest } = JSON.parse(textOf(report, 'model/model.json')) as {
    readonly modelTopology: object;
    readonly weightsManifest: readonly {
      readonly weights: Awaited<ReturnType<typeof tfjs.io.encodeWeights>>['specs'];
    }[];
  };
  const weights = report.exports.find(({ name }) => name === 'model/weights.bin')!.bytes;
  return tfjs.loadLayersModel(
    tfjs.io.fromMemory({
      modelTopology,
      weightSpecs: weightsManifest[0]!.weights,
      weightData: weights.slice().buffer,
    }),
  );
}
