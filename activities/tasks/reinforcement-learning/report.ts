/**
 * The report of an agent: its policy as a TensorFlow.js layers model, how it does, and one episode step by step.
 */
import { scoreOf } from '../score.ts';
import type { ExportedFile, Report, State } from '../task.ts';
import { describeNetwork, exportLayers, type Rescaling } from '../networks/export.ts';
import type { Layer } from '../networks/layers.ts';
import { Network } from '../networks/network.ts';
import type { TensorFlow } from '../tensorflow/library.ts';
import { LOG_DEVIATIONS, policyNetwork, sizesOf, TARGET } from './agent-variables.ts';
import type { EpisodeMeans } from './episode-log.ts';
import type { EnvironmentDefinition } from '../environments/environment.ts';
import type { Evaluation } from './evaluation.ts';
import { MOST_STANDARDISED, type Normaliser } from './normaliser.ts';
import type { ReinforcementLearning } from './settings.ts';

/** What a report is made of. */
export interface Reported {
  readonly settings: ReinforcementLearning;
  readonly definition: EnvironmentDefinition;
  readonly normaliser: Normaliser;
  readonly state: State;
  /** Newest episodes of the training; undefined if none is over. */
  readonly training: EpisodeMeans | undefined;
  /** Undefined if the agent has diverged. */
  readonly evaluation: Evaluation | undefined;
}

/** Returns the report. Its weights are those of the policy that acts, under their names in the exported model. */
export async function reportOf(tensorflow: TensorFlow, reported: Reported): Promise<Report> {
  const { state, evaluation } = reported;
  const weights: State = new Map(
    [...state].flatMap(([name, tensor]) =>
      name.startsWith(TARGET) ? [[name.slice(TARGET.length), tensor] as const] : [],
    ),
  );
  return {
    testScore: scoreOf(evaluation?.means.return),
    weights,
    exports: [
      ...(await exportPolicy(tensorflow, reported, weights)),
      describe(reported),
      ...(evaluation ? [episodeFile(reported.definition, evaluation), plotOf(reported.definition, evaluation)] : []),
    ],
  };
}

/** Returns what leads from −1 … 1, the range of the policy's actions, to the bounds of the environment. */
function actionScale({ actions: { low, high } }: EnvironmentDefinition): Rescaling {
  return {
    scale: Float32Array.from(low, (least, index) => (high[index]! - least) / 2),
    offset: Float32Array.from(low, (least, index) => (high[index]! + least) / 2),
  };
}

/** Returns a layers model from observations as the environment shows them to mean actions as it takes them. */
function exportPolicy(
  { tfjs }: TensorFlow,
  { settings, definition, normaliser }: Reported,
  weights: State,
): Promise<ExportedFile[]> {
  const sizes = sizesOf(definition);
  const policy = policyNetwork(settings, sizes);
  const isNormalised = settings.normaliseObservations;
  const { scale, offset } = normaliser.scale;
  const network = new Network([
    ...(isNormalised ? [clip('observations', MOST_STANDARDISED)] : []),
    ...policy.layers,
    clip('actions', 1),
  ]);
  return exportLayers(tfjs, network, [sizes.observations], weights, {
    ...(isNormalised ? { input: { scale: Float32Array.from(scale), offset: Float32Array.from(offset) } } : {}),
    output: actionScale(definition),
  });
}

/** Clips to −most … most. */
function clip(name: string, most: number): Layer {
  return {
    parameters: [],
    isRandom: false,
    apply: (_, input) => input.clipByValue(-most, most),
    exported: [
      { type: 'rescaling', config: { name: `${name}-up`, scale: 1, offset: most } },
      { type: 'reLU', config: { name: `${name}-clipped`, maxValue: 2 * most } },
      { type: 'rescaling', config: { name: `${name}-down`, scale: 1, offset: -most } },
    ],
  };
}

function describe({ settings, definition, normaliser, training, evaluation, state }: Reported): ExportedFile {
  const { name, observations, actions, mostSteps, measurements = [] } = definition;
  const named = (means: EpisodeMeans | undefined) =>
    means && {
      episodes: means.episodes,
      return: means.return,
      steps: means.steps,
      ...Object.fromEntries(measurements.map((measurement, index) => [measurement, means.measurements[index]])),
    };
  const most = MOST_STANDARDISED;
  const outputs = actionScale(definition);
  return describeNetwork({
    environment: { name, observations, actions, mostSteps },
    input: {
      shape: [observations],
      unit: 'as the environment shows it',
      normalisation: settings.normaliseObservations
        ? {
            scale: [...normaliser.scale.scale],
            offset: [...normaliser.scale.offset],
            clip: most,
            rule: `best.safetensors: clip(value · scale + offset, −${most}, ${most}); model: its first layers do it`,
          }
        : null,
    },
    output: {
      shape: [actions.low.length],
      unit: 'mean actions, within the bounds of the environment',
      scale: [...outputs.scale],
      offset: [...outputs.offset],
      clip: 1,
      rule: 'best.safetensors: clip(value, −1, 1) · scale + offset; model: its last layers do it',
    },
    environmentStepsPerTrainingStep: settings.environments * settings.rollout,
    trainingEpisodes: named(training),
    meanActionEpisodes: named(evaluation?.means),
    deviations: [...floatsOf(state, `${TARGET}${LOG_DEVIATIONS}`)].map(Math.exp),
    temperature: floatsOf(state, 'dual/temperature')[0],
    multipliers: {
      means: floatsOf(state, 'dual/alpha-mean')[0],
      deviations: floatsOf(state, 'dual/alpha-deviation')[0],
    },
  });
}

function floatsOf(state: State, name: string): Float32Array {
  return new Float32Array(state.get(name)!.data.slice().buffer);
}

/** Returns `episode.csv`: a row a step. */
function episodeFile({ observations, actions }: EnvironmentDefinition, { recorded }: Evaluation): ExportedFile {
  const columns = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name}-${index}`);
  const header = ['step', ...columns('observation', observations), ...columns('action', actions.low.length), 'reward'];
  const rows = recorded.map(({ observation, action, reward }, step) => [step, ...observation, ...action, reward]);
  return {
    name: 'episode.csv',
    bytes: new TextEncoder().encode(`${[header, ...rows].map((row) => row.join(',')).join('\n')}\n`),
    contentType: 'text/csv',
  };
}

/** Steps of an episode that are plotted: more would blur a gait. */
const MOST_PLOTTED = 200;

/** Returns `episode.json`: what the report of a run plots. */
function plotOf({ plotted = {} }: EnvironmentDefinition, { recorded }: Evaluation): ExportedFile {
  const steps = recorded.slice(0, MOST_PLOTTED);
  const series = {
    ...Object.fromEntries(
      Object.entries(plotted).map(([name, at]) => [name, steps.map(({ observation }) => observation[at]!)]),
    ),
    reward: steps.map(({ reward }) => reward),
  };
  return {
    name: 'episode.json',
    bytes: new TextEncoder().encode(`${JSON.stringify({ steps: recorded.length, series })}\n`),
    contentType: 'application/json',
  };
}
