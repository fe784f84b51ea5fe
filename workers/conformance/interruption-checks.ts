/** Checks of a round that is interrupted: told of by heartbeats, cancelled, paused, and its trainer killed. */
import { exec } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { outcomeOf, require, requireValid, type Check, type Subject } from './subject.ts';
import { NotTried, TooShort } from './verdicts.ts';
import { waitFor, type Asked, type Pending } from './trainer-under-test.ts';
import { requireSame } from './training-checks.ts';

/** Until a heartbeat says that the round trains. */
const BEGIN_MS = 60_000;
/** Between heartbeats of different progress. A trainer's SDK may hold heartbeats back for a while. */
const PROGRESS_MS = 15_000;
/** From a cancellation or pause to the end of the activity. */
const ENDED_MS = 15_000;
/** From a kill to the next attempt. */
const TAKEN_OVER_MS = 120_000;
/** How often a round that was over too early is tried again with a longer one. */
const MOST_LONGER = 3;
/** A round that nothing but its cancellation ends soon. */
const ENDLESS = 30;

const heartbeat = z.looseObject({ step: z.int().min(0) });

export const INTERRUPTION_CHECKS: readonly Check[] = [
  {
    title: 'sends heartbeats that tell the step, and ends soon after the round is cancelled',
    run: async (subject) => {
      const { request } = await subject.long();
      const toStep = ENDLESS * request.toStep;
      const asked = await subject.begin({ ...request, toStep, evalEvery: toStep / 2 });
      try {
        const { details } = await inTraining(asked);
        const { step } = heartbeat.parse(details);
        const later = await waitFor(asked, (pending) => stepOf(pending) > step, PROGRESS_MS);
        require(later !== undefined, `Expected a heartbeat with a later step than ${step} within 15 s`);
      } finally {
        await asked.cancel();
      }
      const ended = await within(asked.answer(), ENDED_MS);
      require(ended !== undefined, 'Expected the activity to end within 15 s of its cancellation');
    },
  },
  {
    title: 'trains the same if its round is paused and goes on later',
    run: async (subject) => {
      await requireUndisturbed(subject, async (asked) => {
        await asked.pause();
        const paused = await waitFor(asked, ({ started }) => !started, ENDED_MS);
        await requireUnfinished(asked, paused);
        require(paused !== undefined, 'Expected the attempt to end within 15 s of its pause');
        await asked.resume();
      });
    },
  },
  {
    title: 'trains the same if it is killed and another takes over',
    run: async (subject) => {
      const { kill } = subject.options;
      if (kill === undefined) throw new NotTried('`--kill COMMAND` names no command that kills it');
      await requireUndisturbed(subject, async (asked) => {
        await promisify(exec)(kill);
        const taken = await waitFor(asked, ({ attempt, started }) => attempt > 1 && started, TAKEN_OVER_MS);
        await requireUnfinished(asked, taken);
        require(taken !== undefined, 'Expected another attempt within two minutes of the kill');
      });
    },
  },
];

/** @throws Violation unless the round trains the same although `disturb` interrupts it */
async function requireUndisturbed(subject: Subject, disturb: (asked: Asked) => Promise<void>): Promise<void> {
  for (let longer = 0; ; longer++) {
    const round = await subject.long();
    const { request, outcome } = round;
    const asked = await subject.begin(request, 5);
    try {
      await inTraining(asked);
      await disturb(asked);
      requireSame(outcomeOf(await asked.answer(), request), outcome);
      return;
    } catch (error) {
      if (!(error instanceof TooShort) || longer === MOST_LONGER) throw error;
      subject.wantLonger(round);
    } finally {
      await asked.cancel().catch(() => undefined);
    }
  }
}

/** @throws TooShort if what was waited for did not come because the round was over */
async function requireUnfinished(asked: Asked, found: Pending | undefined): Promise<void> {
  if (found || (await asked.pending()) !== null) return;
  throw new TooShort('the round was over before it was interrupted');
}

/** Waits until a heartbeat says that steps are done. */
async function inTraining(asked: Asked): Promise<Pending> {
  const pending = await waitFor(asked, (one) => stepOf(one) > 0, BEGIN_MS);
  if (pending) return pending;
  const still = await asked.pending();
  if (still === null) outcomeOrFailure(await asked.answer());
  requireValid(heartbeat, still?.details, 'The details of a heartbeat');
  require(false, 'Expected a heartbeat with a step above 0 within a minute');
}

function outcomeOrFailure(answer: Awaited<ReturnType<Asked['answer']>>): never {
  if ('failure' in answer) require(false, `\`train\` failed: ${answer.failure.message} (${answer.failure.type})`);
  throw new TooShort('the round was over before a heartbeat told of it');
}

function stepOf({ details }: Pending): number {
  const told = heartbeat.safeParse(details);
  return told.success ? told.data.step : 0;
}

async function within<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(resolve, ms, undefined)));
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
