/**
 * The computing process's side: it carries out the orders of its trainer.
 */
import type { Computer, Observer } from '../../activities/training/computer.ts';
import { processShouldRecycle } from '../../activities/tasks/tensorflow/library.ts';
import { encodeFailure, type Answer, type Order, type Request } from './messages.ts';

/** Carries out orders, one at a time, until the trainer is gone. */
export async function serve(computer: Computer): Promise<void> {
  let interruption = new AbortController();
  process.on('message', (message) => {
    const request = message as Request;
    switch (request.kind) {
      case 'order':
        interruption = new AbortController();
        void carryOut(computer, request.order, interruption.signal);
        break;
      case 'interrupt':
        interruption.abort(request.interruption);
        break;
      default:
        request satisfies never;
    }
  });
  const gone = new Promise<void>((resolve) => process.once('disconnect', resolve));
  answer({ kind: 'ready' });
  await gone;
}

async function carryOut(computer: Computer, order: Order, interruption: AbortSignal): Promise<void> {
  const observer: Observer = { interruption, progressed: (progress) => answer({ kind: 'progress', progress }) };
  try {
    const result = await resultOf(computer, order, observer);
    answer({ kind: 'done', result, recycle: processShouldRecycle() });
  } catch (error) {
    answer({ kind: 'failed', failure: encodeFailure(error), recycle: processShouldRecycle() });
  }
}

async function resultOf(computer: Computer, { work, input }: Order, observer: Observer): Promise<unknown> {
  switch (work) {
    case 'describe':
      return computer.describe(input);
    case 'train':
      return computer.train(input, observer);
    case 'report':
      return computer.report(input, observer);
    default:
      return work satisfies never;
  }
}

/** Sends a message. Small ones are written before this returns: a native call that comes next does not delay them. */
function answer(message: Answer): void {
  process.send?.(message);
}
