/**
 * Simulates a run in this process, without Temporal or S3. It trains the real task and makes the same decisions as the
 * workflows (test/workflows/run/fire-pbt.test.ts shows this), several times as fast.
 *
 * Use it to try rules. It cannot measure the costs of a run on a stack, nor the digests of checkpoints.
 */
import type { Score } from '../../workflows/algorithm/index.ts';
import type { Standing } from '../../workflows/population/state.ts';
import { lastHyperparameters, pickWinner } from '../../workflows/population/winner.ts';
import type { Specification } from '../../activities/specification/specification.ts';
import { disposeOf } from '../../activities/tasks/disposal.ts';
import { scoreOf, scoresOf } from '../../activities/tasks/score.ts';
import type { Report, Session, State, Task } from '../../activities/tasks/task.ts';
import type { TaskRegistry } from '../../activities/tasks/registry.ts';
import { registryWith } from '../../activities/tasks/shipped.ts';
import { DATA } from '../processes/places.mjs';
import {
  simulate,
  type SimulatedRound,
  type SimulatedRun,
  type SimulatedTraining,
  type TrainedRound,
} from '../../workflows/population/simulation.ts';

export interface SimulationJob {
  readonly arm: string;
  readonly specification: Specification;
  /** Threads in which environments are stepped. */
  readonly environmentThreads: number;
  /** Files with tasks of the user, absolute. */
  readonly tasks: readonly string[];
}

/** Replaces the folder of a simulated run, which has none. */
export const SIMULATED = 'simulated';

/** Trains rounds as the training activity does, but keeps states in memory instead of checkpoints. */
export function trainingOf({ seed, evalEvery }: Specification, task: Task): SimulatedTraining<State> {
  return {
    train: async (
      state,
      { worker, hyperparameters, fromStep, toStep }: SimulatedRound,
    ): Promise<TrainedRound<State>> => {
      const session = await task.open({ seed, worker, hyperparameters, dataDirectory: DATA });
      try {
        session.expect?.(fromStep, toStep);
        await (state ? session.restore(state) : session.initialise());
        session.beginRound?.();
        const scores = await trainAndMeasure(session, fromStep, toStep, evalEvery);
        return { state: await session.save(), scores };
      } finally {
        await disposeOf(`${worker}'s session`, [session]);
      }
    },
  };
}

async function trainAndMeasure(
  session: Session,
  fromStep: number,
  toStep: number,
  evalEvery: number,
): Promise<Score[]> {
  const scores: Score[] = [];
  const measurements = (toStep - fromStep) / evalEvery;
  for (let step = fromStep; step < toStep && scores.at(-1) !== 'diverged'; step += evalEvery) {
    await session.train(step, step + evalEvery);
    scores.push(scoreOf(await session.measure()));
  }
  while (scores.length < measurements) scores.push('diverged');
  return scores;
}

/** The result of a simulated run. */
export interface SimulatedTask {
  readonly run: SimulatedRun<State>;
  /** Undefined if every member of P1 has diverged. */
  readonly winner: Standing | undefined;
  /** What the score is called. */
  readonly score: string;
  readonly report: Pick<Report, 'testScore' | 'untouchedScore'>;
}

/** Runs a specification to its end, including the report on its best member. */
export async function simulateTask(
  specification: Specification,
  tasks: Pick<TaskRegistry, 'task'> = registryWith(),
): Promise<SimulatedTask> {
  const task = tasks.task(specification.task);
  const run = await simulate(specification, trainingOf(specification, task));
  const winner = run.populations[0] && pickWinner(run.populations[0], specification.winner).winner;
  const state = winner && run.states.get(winner.checkpoint.key);
  if (!state) return { run, winner: undefined, score: task.score, report: { testScore: 'diverged' } };
  const session = await task.open({
    seed: specification.seed,
    worker: 'report',
    hyperparameters: lastHyperparameters(winner),
    dataDirectory: DATA,
  });
  try {
    await session.restore(state);
    return {
      run,
      winner,
      score: task.score,
      report: scoresOf(await session.report()),
    };
  } finally {
    await disposeOf('the session of the report', [session]);
  }
}
