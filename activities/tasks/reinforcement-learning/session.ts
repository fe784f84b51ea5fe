/**
 * One worker's agent in training.
 *
 * A training step is one iteration of V-MPO: the target policy acts in all environments for a rollout, then policy and
 * critic go through the batch several times. Everything that the next step depends on is in the checkpoint: networks,
 * optimiser, dual variables, environments, running episodes, moments.
 *
 * E: environments; T: steps of a rollout; O: numbers of an observation; A: numbers of an action; N = T·E.
 */
import { LruCache } from '../../../workflows/algorithm/lru-cache.ts';
import { randomStream, shuffled } from '../../../workflows/algorithm/random.ts';
import type { HyperparameterValues } from '../../../workflows/algorithm/hyperparameters.ts';
import type { Score } from '../../../workflows/algorithm/curve.ts';
import { scoreOf } from '../score.ts';
import type { Report, Session, SessionContext, State } from '../task.ts';
import { readTensor, tensorOf } from '../tensorflow/checkpoint-tensors.ts';
import { loadTensorFlow, type TensorFlow } from '../tensorflow/library.ts';
import { firstKey, keyAt, type StepKey } from '../tensorflow/step-keys.ts';
import type { TensorValues } from '../tensorflow/protobuf.ts';
import { Agent, PROGRAM_HYPERPARAMETERS, type AgentSettings } from './agent.ts';
import { sizesOf } from './agent-variables.ts';
import { EpisodeLog, meansOf } from './episode-log.ts';
import type { EnvironmentDefinition } from '../environments/environment.ts';
import { loadEnvironment } from '../environments/shipped.ts';
import { VectorEnvironment } from '../environments/vector-environment.ts';
import { evaluate, type Evaluation } from './evaluation.ts';
import { Normaliser } from './normaliser.ts';
import { reportOf } from './report.ts';
import { advantagesOf, standardised } from './returns.ts';
import { Rollout } from './rollout.ts';
import type { ReinforcementLearning } from './settings.ts';
import { readNumbers, savedNumbers } from '../environments/saved-numbers.ts';

/** What compiled agents that nobody uses may take together. */
const MOST_AGENT_BYTES = 2 ** 28;
/** What an agent takes besides its state. */
const PROGRAM_BYTES = 2 ** 23;

const agents = new LruCache<string, Agent>(
  MOST_AGENT_BYTES,
  ({ stateBytes }) => PROGRAM_BYTES + 2 * stateBytes,
  ({ program }) => program.dispose(),
);

/**
 * Opens a session.
 *
 * @throws Error naming the file, if an environment of the user's own cannot be used
 */
export async function openAgent(settings: ReinforcementLearning, context: SessionContext): Promise<Session> {
  const tensorflow = loadTensorFlow();
  const { seed, worker } = context;
  const definition = await loadEnvironment(settings.environment);
  const vector = await VectorEnvironment.create(definition, {
    count: settings.environments,
    seed,
    name: ['agent', worker],
    staggered: true,
    choice: settings.environment,
  });
  try {
    const [own, sizes] = [agentSettings(settings), sizesOf(definition)];
    const key = JSON.stringify([own, sizes]);
    const agent = agents.take(key) ?? new Agent(tensorflow, own, sizes);
    return new AgentSession({ tensorflow, settings, context, definition, vector, agent, key });
  } catch (error) {
    await vector.dispose();
    throw error;
  }
}

function agentSettings(settings: ReinforcementLearning): AgentSettings {
  const { environments, rollout, minibatch, evaluationEpisodes, hidden, layerNorm } = settings;
  const { initialDeviation, leastDeviation, duals, rewardScale } = settings;
  const sizes = { environments, rollout, minibatch, evaluationEpisodes, hidden };
  return { ...sizes, layerNorm, initialDeviation, leastDeviation, duals, rewardScale };
}

interface Opened {
  readonly tensorflow: TensorFlow;
  readonly settings: ReinforcementLearning;
  readonly context: SessionContext;
  readonly definition: EnvironmentDefinition;
  readonly vector: VectorEnvironment;
  readonly agent: Agent;
  /** Of the agent, in the cache. */
  readonly key: string;
}

class AgentSession implements Session {
  readonly #opened: Opened;
  readonly #firstKey: StepKey;
  readonly #normaliser: Normaliser;
  readonly #log: EpisodeLog;
  readonly #rollout: Rollout;
  /** Something was not finite: nothing is trained any more. */
  #diverged = false;
  #isOpen = true;

  constructor(opened: Opened) {
    const { settings, context, definition, vector, agent } = opened;
    this.#opened = opened;
    this.#firstKey = firstKey(randomStream(context.seed, 'actions', context.worker));
    this.#normaliser = new Normaliser(settings, definition.observations);
    this.#log = new EpisodeLog(settings.scoreEpisodes, definition.measurements?.length ?? 0);
    this.#rollout = new Rollout(vector, agent.program, sizesOf(definition), settings.rollout);
  }

  async initialise(): Promise<void> {
    const { tensorflow, context, vector, agent } = this.#opened;
    const { seed, worker } = context;
    this.#begin(agent.initialState(tensorflow, (name) => randomStream(seed, 'initialisation', worker, name)));
    await vector.reset();
  }

  async restore(state: State): Promise<void> {
    const { vector, agent } = this.#opened;
    this.#begin(
      new Map(
        agent.program.variables.map((variable) => [variable.name, readTensor(variable, state.get(variable.name))]),
      ),
    );
    await vector.restore(state);
    this.#normaliser.restore(state);
    this.#log.restore(state);
    this.#diverged = readNumbers(state, 'diverged', [])[0] === 1;
    const own = await this.save();
    const unknown = [...state.keys()].find((name) => !own.has(name));
    if (unknown !== undefined)
      throw new Error(`Expected the checkpoint to have only tensors of this agent, got \`${unknown}\``);
  }

  effectiveHyperparameters(): HyperparameterValues {
    const { discount, lambda, unroll } = this.#opened.context.hyperparameters as Record<string, number>;
    return {
      ...this.#opened.agent.program.getHyperparameters(),
      discount: discount!,
      lambda: lambda!,
      unroll: unroll!,
    };
  }

  async train(fromStep: number, toStep: number): Promise<void> {
    for (let step = fromStep; step < toStep && !this.#diverged; step++) await this.#iterate(step);
  }

  async measure(): Promise<Score> {
    const { score } = this.#opened.settings;
    if (!this.#isFinite()) return 'diverged';
    return scoreOf(score === 'training' ? this.#trainingReturn() : (await this.#evaluate('evaluation'))?.means.return);
  }

  async save(): Promise<State> {
    const { vector, agent } = this.#opened;
    const values = agent.program.getState();
    const weights = agent.program.variables.map(
      (variable) => [variable.name, tensorOf(variable, values.get(variable.name)!)] as const,
    );
    return new Map([
      ...weights,
      ...(await vector.save()),
      ...this.#normaliser.save(),
      ...this.#log.save(),
      ['diverged', savedNumbers([Number(this.#diverged)], [])],
    ]);
  }

  async report(): Promise<Report> {
    const { tensorflow, settings, definition } = this.#opened;
    return reportOf(tensorflow, {
      settings,
      definition,
      normaliser: this.#normaliser,
      state: await this.save(),
      training: meansOf(this.#log.newest),
      evaluation: this.#isFinite() ? await this.#evaluate('report') : undefined,
    });
  }

  async dispose(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { vector, agent, key } = this.#opened;
    agents.set(key, agent);
    await vector.dispose();
  }

  #begin(values: ReadonlyMap<string, TensorValues>): void {
    const { agent, context } = this.#opened;
    agent.program.setState(values);
    const { hyperparameters } = context;
    // A report trains nothing.
    if (PROGRAM_HYPERPARAMETERS.every((name) => name in hyperparameters))
      agent.program.setHyperparameters(
        Object.fromEntries(PROGRAM_HYPERPARAMETERS.map((name) => [name, Number(hyperparameters[name])])),
      );
  }

  async #iterate(step: number): Promise<void> {
    const { settings, context, agent } = this.#opened;
    const { discount, lambda, unroll } = context.hyperparameters as Record<string, number>;
    const batch = await this.#rollout.run(this.#normaliser, (at) =>
      keyAt(this.#firstKey, step * settings.rollout + at),
    );
    if (batch === undefined) {
      this.#diverged = true;
      return;
    }
    this.#log.add(batch.episodes);
    const rewards = this.#normaliser.scaleRewards(batch, discount!);
    const rules = { discount: discount!, lambda: lambda!, unroll: unroll! };
    const { advantages, returns } = advantagesOf({ ...batch, rewards }, rules);
    agent.program.run('learn', {
      steps: (settings.epochs * advantages.length) / settings.minibatch,
      inputs: {
        rows: this.#rows(step, advantages.length),
        observations: batch.inputs,
        actions: batch.actions,
        means: batch.means,
        advantages: Float32Array.from(settings.normaliseAdvantages ? standardised(advantages) : advantages),
        returns: Float32Array.from(returns),
      },
    });
    // The policy acted by the moments of before.
    this.#normaliser.addObservations(batch.observations);
    if ((step + 1) % settings.targetEvery === 0) agent.program.run('copyTarget');
  }

  /** Returns the rows of the minibatches of a step: a permutation an epoch. */
  #rows(step: number, samples: number): Int32Array {
    const { settings, context } = this.#opened;
    const rows = new Int32Array(settings.epochs * samples);
    for (let epoch = 0; epoch < settings.epochs; epoch++) {
      const stream = randomStream(context.seed, 'minibatches', context.worker, step, epoch);
      rows.set(shuffled(samples, stream), epoch * samples);
    }
    return rows;
  }

  /** Running episodes count with their returns so far as long as none is over. */
  #trainingReturn(): number {
    const means = meansOf(this.#log.newest);
    if (means) return means.return;
    const running = this.#opened.vector.runningReturns;
    return running.reduce((sum, value) => sum + value, 0) / running.length;
  }

  #isFinite(): boolean {
    return !this.#diverged && this.#opened.agent.program.run('check')['finite']![0] === 1;
  }

  #evaluate(purpose: string): Promise<Evaluation | undefined> {
    const { settings, context, definition, agent } = this.#opened;
    const { seed } = context;
    const { environment: choice, evaluationEpisodes: count } = settings;
    return evaluate(agent.program, this.#normaliser, definition, { count, seed, name: [purpose], choice });
  }
}
