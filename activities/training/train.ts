/**
 * The activities of a trainer, as Temporal sees them: they give orders to a computer, and answer for it meanwhile.
 *
 * Heartbeats, cancellation, pause and shutdown do not wait for the computer. A heartbeat carries the newest partial
 * checkpoint, so that the next attempt goes on from there.
 */
import { Context } from '@temporalio/activity';
import type { DescribeRequest, TaskDescription } from '../contracts/task.ts';
import type {
  ReportOutcome,
  ReportRequest,
  TrainingActivities,
  TrainOutcome,
  TrainRequest,
} from '../contracts/training.ts';
import { ActivityClock } from './activity-clock.ts';
import { attempted, HEARTBEAT_MS } from './attempts.ts';
import type { Computer, Interruption } from './computer.ts';
import { workerShutdown } from '../contracts/worker-shutdown.ts';
import { Round } from './round.ts';

/** Returns the activities of a trainer. */
export function createTrainingActivities(computer: Computer): TrainingActivities {
  return {
    describe: (request) => describe(request, computer),
    train: (request) => train(request, computer),
    report: (request) => report(request, computer),
  };
}

/** Describes a task; its check of files may take longer than a lost trainer may stay silent. */
async function describe(request: DescribeRequest, computer: Computer): Promise<TaskDescription> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
  try {
    return await computer.describe(request);
  } finally {
    clearInterval(timer);
  }
}

/** Trains one worker's whole round, from checkpoint to checkpoint. */
async function train(request: TrainRequest, computer: Computer): Promise<TrainOutcome> {
  const started = performance.now();
  const { info } = Context.current();
  const round = new Round(request, info.heartbeatDetails);
  const { worker, left } = round;
  return attempted(
    {
      doing: `train ${worker} from step ${round.step}`,
      beginsAtStep: round.step,
      describe: (attempt) => round.describe(attempt),
    },
    async (heartbeat, { deaths }) => {
      const { heartbeatTimeoutMs = null } = info;
      const order = { request, worker, partial: left, deaths, heartbeatTimeoutMs };
      const trained = await computer.train(order, {
        progressed: (progress) => {
          const before = round.partial;
          round.note(progress);
          if (round.partial?.checkpoint.key !== before?.checkpoint.key) heartbeat();
        },
        interruption: interruptionOf(Context.current()),
      });
      if ('interrupted' in trained) return handOver(`finish ${worker}'s round`, stateOf(round));
      return { ...trained, trainerSeconds: (performance.now() - started) / 1000 };
    },
  );
}

/** Measures one checkpoint on data that no decision has seen, and exports it for others to use. */
async function report(request: ReportRequest, computer: Computer): Promise<ReportOutcome> {
  const { checkpoint } = request;
  const doing = `report on checkpoint ${checkpoint.key}`;
  const activity = new ActivityClock();
  return attempted(
    {
      doing,
      beginsAtStep: checkpoint.step,
      describe: (attempt) => ({ checkpoint: checkpoint.key, ...activity.now(), attempt }),
    },
    async () => {
      const reported = await computer.report(request, {
        progressed: (progress) => activity.note(progress),
        interruption: interruptionOf(Context.current()),
      });
      return 'interrupted' in reported ? handOver(doing, '') : reported;
    },
  );
}

/** Returns a signal that aborts with the Interruption, when the activity is cancelled, paused or shut down. */
function interruptionOf(context: Context): AbortSignal {
  const interruption = new AbortController();
  const interrupt = (): void => {
    const { workerShutdown = false, paused = false } = context.cancellationDetails ?? {};
    interruption.abort({ saves: workerShutdown || paused } satisfies Interruption);
  };
  if (context.cancellationSignal.aborted) interrupt();
  else context.cancellationSignal.addEventListener('abort', interrupt, { once: true });
  return interruption.signal;
}

/** Ends an attempt that was interrupted: if its worker shuts down, another goes on at once. */
async function handOver(doing: string, state: string): Promise<never> {
  const context = Context.current();
  if (context.cancellationDetails?.workerShutdown)
    throw workerShutdown(`Cannot ${doing}: its trainer shuts down${state}`);
  return context.cancelled;
}

function stateOf({ step, partial }: Round): string {
  const saved = partial?.checkpoint.step;
  if (saved === step) return ` at step ${step}, saved there`;
  return ` at step ${step}, ${saved === undefined ? 'saved nowhere' : `saved at step ${saved}`}`;
}
