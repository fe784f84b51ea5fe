import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Context } from '@temporalio/activity';
import type { ActivityExecuteInput } from '@temporalio/worker';
import { limitConcurrency } from '../../../workers/processes/limit-concurrency.ts';

const INPUT: ActivityExecuteInput = { args: [], headers: {} };

const WATCHDOG = 'watchForInvalidResets';

describe('activities with limited concurrency', () => {
  it('start in their order, a few at a time, whatever the number of watchdogs', async () => {
    const { begun, start, end } = worker(2);
    for (const name of [WATCHDOG, WATCHDOG, WATCHDOG, 'saveRound', 'loadRound', 'planRun', 'tabulate', WATCHDOG])
      start(name);
    assert.deepEqual(begun, [WATCHDOG, WATCHDOG, WATCHDOG, 'saveRound', 'loadRound', WATCHDOG]);
    await end('loadRound');
    assert.deepEqual(begun.slice(6), ['planRun']);
    await end('saveRound');
    assert.deepEqual(begun.slice(6), ['planRun', 'tabulate']);
    await end('planRun');
    await end('tabulate');
    start('report');
    start('writeResult');
    start('deleteRun');
    assert.deepEqual(begun.slice(8), ['report', 'writeResult'], 'the limit is the same after activities have ended');
  });

  it('let the next one start if they fail', async () => {
    const { begun, start, end } = worker(1);
    const failing = start('saveRound');
    start('loadRound');
    await Promise.all([
      assert.rejects(failing.ended, /the store fails/),
      end('saveRound', new Error('the store fails')),
    ]);
    assert.deepEqual(begun, ['saveRound', 'loadRound']);
  });

  it('do not start after they were cancelled, or while their worker shuts down', async () => {
    const { begun, start, end } = worker(1);
    start('saveRound');
    const timedOut = start('loadRound', { cancellationSignal: AbortSignal.abort(new Error('given up')) });
    const shutDown = start('planRun', {
      cancellationDetails: { workerShutdown: true } as Context['cancellationDetails'],
    });
    start('tabulate');
    await Promise.all([
      assert.rejects(timedOut.ended, /given up/),
      assert.rejects(shutDown.ended, {
        type: 'WorkerShutdown',
        nonRetryable: false,
        message: 'Cannot start planRun: this worker is shutting down',
      }),
      end('saveRound'),
    ]);
    assert.deepEqual(begun, ['saveRound', 'tabulate']);
  });
});

/** A worker whose activities are known by name and end when the test says so. */
function worker(atOnce: number) {
  const interceptors = limitConcurrency(atOnce);
  const begun: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const start = (activityType: string, context: Partial<Context> = {}): { readonly ended: Promise<unknown> } => {
    const { inbound } = interceptors({
      info: { activityType },
      cancellationSignal: new AbortController().signal,
      ...context,
    } as Context);
    const ended = inbound?.execute?.(INPUT, () => {
      begun.push(activityType);
      return new Promise<void>((resolve, reject) =>
        ends.set(activityType, (error) => (error ? reject(error) : resolve())),
      );
    });
    return { ended: ended ?? assert.fail('it intercepts nothing') };
  };
  const end = async (activityType: string, error?: Error): Promise<void> => {
    ends.get(activityType)?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { begun, start, end };
}
