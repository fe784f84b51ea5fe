/**
 * Stand-in activities for tests of the workflows: rounds in memory, training in closed form, and a script of what goes
 * wrong.
 */
import { createHash } from 'node:crypto';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { applyEvents, emptyPopulation } from '../../workflows/population/reducer.ts';
import type { RoundEvent } from '../../workflows/population/events.ts';
import type { PopulationState } from '../../workflows/population/state.ts';
import type { Score } from '../../workflows/algorithm/index.ts';
import type { ComparisonActivities, ComparisonInput } from '../../activities/contracts/comparison.ts';
import type { WriteResultRequest } from '../../activities/contracts/result.ts';
import type { PlannedCosts, RoundReference, RunActivities } from '../../activities/contracts/run.ts';
import type { TrainingActivities, TrainRequest } from '../../activities/contracts/training.ts';
import type { Specification } from '../../activities/specification/specification.ts';
import type { SimulatedRound, TrainedRound } from '../../workflows/population/simulation.ts';
import { SEARCHED_H } from '../small-run.ts';

/** Costs of a run that is not measured. */
export const NO_COSTS: PlannedCosts = {
  members: 0,
  evaluators: 0,
  rounds: 0,
  workerSteps: 0,
  trainActivities: 0,
  checkpointsKept: 0,
  histories: { rootEvents: 0, rootBytes: 0, roundEvents: 0, roundBytes: 0, largestPayloadBytes: 0 },
};

/** State of a network of the closed-form task: how far θ and the number of steps are. */
export interface ToyState {
  readonly theta: number;
  readonly penalty: number;
  readonly rounds: number;
}

/** The deceptive toy of Chebykin et al. (TMLR 2025, §5.2), one round at a time. */
export const toyTraining = {
  train(
    state: ToyState | undefined,
    { hyperparameters, fromStep, toStep }: Omit<SimulatedRound, 'worker'>,
  ): TrainedRound<ToyState> {
    let { theta, penalty, rounds } = state ?? { theta: 0.9, penalty: 0, rounds: 0 };
    const h = Number(hyperparameters['h']);
    penalty += Math.abs(h - (1 - rounds / 50));
    rounds += 1;
    const scores: Score[] = [];
    for (let step = fromStep; step < toStep; step += 1) {
      theta -= 0.002 * Math.max(2 - h - 0.2 * penalty, 0) * theta;
      scores.push(1.2 - theta * theta);
    }
    return { state: { theta, penalty, rounds }, scores };
  },
};

const TOY = { kind: 'toy', variant: 'deceptive' } as const;

/** A small specification of the toy task; anything can be overridden. */
export function toySpecification(overrides: Partial<Specification> = {}): Specification {
  return {
    task: TOY,
    seed: 0,
    steps: 200,
    stepsPerRound: 20,
    evalEvery: 1,
    subPopulations: [
      { members: 8, evaluators: 0 },
      { members: 8, evaluators: 6 },
    ],
    evaluation: {
      maxEvalSteps: 60,
      minStepsBeforeEval: 20,
      order: 'oldest-first',
      significance: 0.01,
      patience: 0,
      childReplaced: 'end',
      against: 'child',
      stopping: 'binomial-test',
      shifts: true,
      ranking: 'improvement',
      promotes: true,
    },
    smoothing: 'fixed',
    hyperparameters: { h: SEARCHED_H },
    winner: 'last-round',
    threads: 1,
    storage: { bucket: 'test', keepRounds: 2 },
    ...overrides,
  };
}

export interface StandIns extends RunActivities, ComparisonActivities, TrainingActivities {
  /** events by `<round>/P<level>`, as last recorded. */
  readonly recorded: Map<string, readonly RoundEvent[]>;
  readonly states: Map<string, PopulationState>;
  readonly trained: TrainRequest[];
  readonly results: WriteResultRequest[];
}

export interface Script {
  /** Called before each training; throws to make it fail. */
  readonly beforeTraining?: (request: TrainRequest) => void;
}

function reference(round: number, subPopulation: number): RoundReference {
  return { round, subPopulation, sha256: `${round}/P${subPopulation}` };
}

/** Makes stand-ins that share one memory, as S3 would be shared. */
export function createStandIns({ beforeTraining }: Script = {}): StandIns {
  const recorded = new Map<string, readonly RoundEvent[]>();
  const states = new Map<string, PopulationState>();
  const networks = new Map<string, ToyState>();
  const trained: TrainRequest[] = [];
  const results: WriteResultRequest[] = [];
  return {
    recorded,
    states,
    trained,
    results,
    findQuestion: async () => ({ request: { task: TOY, threads: 1 }, trainers: null }),
    findQuestions: async () => [],
    findTrainers: async () => ({ secondsSincePoll: 0 }),
    planRun: async ({ specification, workflowId }) => ({
      generation: Context.current().info.workflowExecution?.runId ?? '',
      specification: specification as Specification,
      storage: { bucket: 'test', folder: workflowId },
      task: { label: 'toy/deceptive', score: 'score' },
      costs: NO_COSTS,
      maxRounds: Number.MAX_SAFE_INTEGER,
      refused: [],
      warnings: [],
    }),
    adoptRounds: async () => ({ round: 0, records: [], refused: [] }),
    // As long as the run lasts: nothing is ever reset where it should not be.
    watchForInvalidResets: async () => Context.current().cancelled,
    clearLeftovers: async () => ({ terminated: [] }),
    findLatestRound: async ({ subPopulations }) => {
      for (let round = 1; ; round += 1) {
        const complete = Array.from({ length: subPopulations }, (_, index) =>
          states.has(`${round}/P${index + 1}`),
        ).every(Boolean);
        if (complete) continue;
        const newest = round - 1;
        const levels = newest === 0 ? [] : Array.from({ length: subPopulations }, (_, index) => index + 1);
        return { round: newest, records: levels.map((level) => reference(newest, level)), refused: [] };
      }
    },
    setAsideRounds: async () => undefined,
    saveRound: async ({ round, subPopulation, events }) => {
      const before = round === 1 ? emptyPopulation() : states.get(`${round - 1}/P${subPopulation}`);
      if (!before)
        throw ApplicationFailure.nonRetryable(
          `Cannot save round ${round} of P${subPopulation}: round ${round - 1} is missing`,
        );
      states.set(`${round}/P${subPopulation}`, applyEvents(before, events));
      // The simulation has no worker whose code could have a name.
      const decisions = events.filter(({ kind }) => kind !== 'decided-by');
      recorded.set(`${round}/P${subPopulation}`, decisions);
      return reference(round, subPopulation);
    },
    loadRound: async ({ round, subPopulation, part }) => {
      const text = JSON.stringify(states.get(`${round}/P${subPopulation}`));
      if (text === undefined) throw new Error(`Round ${round} of P${subPopulation} is not there yet`);
      const half = Math.ceil(text.length / 2);
      const loaded = part === 0 ? text.slice(0, half) : text.slice(half);
      return { text: loaded, parts: 2, reference: reference(round, subPopulation) };
    },
    collectCheckpoints: async () => ({ deleted: 0, undeleted: 0, warnings: [] }),
    writeResult: async (request) => {
      results.push(request);
      const { workflowId, specification, rounds, winner, report, storage } = request;
      const decisions = createHash('sha256').update(JSON.stringify([...recorded].sort(([a], [b]) => (a < b ? -1 : 1))));
      return {
        workflowId,
        algorithm: 'fire-pbt',
        seed: specification.seed,
        rounds,
        steps: specification.steps,
        winner: { member: `P1/member-${winner.member}`, objective: winner.score, checkpoint: winner.checkpoint },
        score: 'score',
        testScore: report.testScore,
        promotions: [],
        verdicts: {},
        schedule: winner.history,
        decidedBy: [],
        decisionsSha256: decisions.digest('hex'),
        lost: [],
        storage,
        resultKey: `${storage.folder}/result/result.json`,
        files: [],
        undeleted: 0,
      };
    },
    deleteRun: async () => {
      throw new Error('Expected nobody to delete anything');
    },
    planComparison: async ({ input, workflowId }) => {
      const { arms, seeds, atOnce = 1, retrace = false } = input as ComparisonInput;
      return { location: { bucket: 'test', folder: workflowId }, arms, seeds, atOnce, retrace };
    },
    findRun: async () => ({ state: 'absent' }),
    findRetrace: async () => ({ state: 'absent' }),
    tabulate: async ({ location, run: { arm, seed, bucket, folder } }) => {
      const written = results.find(({ storage }) => storage.folder === folder);
      if (!written) throw ApplicationFailure.nonRetryable(`Cannot tabulate ${folder}: it has no result`);
      const { winner, report, workflowId, specification } = written;
      const place = { bucket, folder, workflowId, resultKey: `${folder}/result/result.json` };
      const row = {
        arm,
        seed,
        algorithm: 'fire-pbt',
        steps: specification.steps,
        ...place,
        objective: winner.score,
        testScore: report.testScore,
      } as const;
      return {
        row: { ...row, promotions: [], decisionsSha256: '', checkpointSha256: winner.checkpoint.sha256 },
        key: `${location.folder}/comparison.json`,
      };
    },
    summarise: async () => ({ arms: [], differences: [] }),
    writeRunReport: async ({ storage }) => ({ key: `${storage.folder}/result/report.html`, sizeBytes: 1 }),
    writeComparisonReport: async ({ location }) => ({ key: `${location.folder}/report.html`, sizeBytes: 1 }),
    exportHistories: async () => ({ histories: 0, sizeBytes: 0, forgotten: 0 }),
    describe: async ({ task }) => ({
      task,
      label: 'toy/deceptive',
      hyperparameters: [],
      checkpointBytes: null,
      score: 'score',
    }),
    train: async (request) => {
      beforeTraining?.(request);
      trained.push(request);
      const { storage, checkpoint, hyperparameters, fromStep, toStep } = request;
      const { state, scores } = toyTraining.train(checkpoint ? networks.get(checkpoint.sha256) : undefined, {
        hyperparameters,
        fromStep,
        toStep,
      });
      const sha256 = createHash('sha256').update(JSON.stringify(state)).digest('hex');
      networks.set(sha256, state);
      return {
        checkpoint: { key: `${storage.folder}/checkpoints/${sha256}`, sha256, sizeBytes: 0, step: toStep },
        scores,
        effectiveHyperparameters: hyperparameters,
        trainerSeconds: 0,
      };
    },
    report: async ({ checkpoint }) => {
      const state = networks.get(checkpoint.sha256);
      return { testScore: state ? 1.2 - state.theta ** 2 : 'diverged', files: [] };
    },
  };
}
