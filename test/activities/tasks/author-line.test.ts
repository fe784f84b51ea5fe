import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { authorLine, messageWithLine } from '../../../activities/tasks/author-line.ts';

const ROOT = new URL('../../..', import.meta.url).pathname;

function errorWith(...frames: readonly string[]): Error {
  return Object.assign(new Error('no luck'), {
    stack: ['Error: no luck', ...frames.map((frame) => `    at ${frame}`)].join('\n'),
  });
}

describe('the line of a task that threw', () => {
  it('is the innermost in a file that belongs to the user', () => {
    const error = errorWith(
      'Readable.read (node:internal/streams/readable:561:12)',
      `assert (${ROOT}node_modules/@tensorflow/tfjs-core/src/util.ts:100:11)`,
      '/builds/tfjs-core/src/ops/add.ts:3:4',
      `gradientsOf (${ROOT}activities/tasks/tensorflow/gradients.ts:20:3)`,
      'Object.step (/home/me/my tasks/ring.ts:33:22)',
      `train (${ROOT}activities/training/course.ts:58:9)`,
      'outer (/home/me/other.ts:1:1)',
    );
    assert.equal(authorLine(error), '/home/me/my tasks/ring.ts:33:22');
    assert.equal(messageWithLine(error), 'no luck (/home/me/my tasks/ring.ts:33:22)');
  });

  it('is found in asynchronous frames and in those without a name', () => {
    assert.equal(authorLine(errorWith('async file:///home/me/ring.ts:3:1')), '/home/me/ring.ts:3:1');
    assert.equal(authorLine(errorWith('async open (file:///home/me/ring.ts:3:1)')), '/home/me/ring.ts:3:1');
    assert.equal(authorLine(errorWith('/home/me/ring.ts:3:1')), '/home/me/ring.ts:3:1');
  });

  it('is not said if there is none, or if the message has it', () => {
    assert.equal(authorLine(new Error('from this test')), undefined);
    assert.equal(messageWithLine('a text'), 'a text');
    const error = errorWith('/home/me/ring.ts:3:1');
    error.message = 'Cannot compile (/home/me/ring.ts:3:1). Use at.key';
    assert.equal(messageWithLine(error), error.message);
  });
});
