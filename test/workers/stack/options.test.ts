import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, it } from 'node:test';
import { stackArguments, startArguments } from '../../../workers/stack/options.ts';

const USUAL = { threads: 1, queue: 'fire-pbt', tasks: [] };

describe('the arguments that start a stack again', () => {
  it('are none for the usual stack', () => {
    assert.deepEqual(stackArguments({}, USUAL), []);
    assert.deepEqual(startArguments([], {}, USUAL), []);
  });

  it('are those that were given, with the threads of the specification', () => {
    const options = {
      ...{ 'input-file': 'mine.json', 'workflow-id': 'mine', directory: 'over there', trainers: '2', s3: 'own' },
      ...{ 'task-queue': 'mine', tasks: ['ring.ts'] },
    };
    const record = { threads: 4, queue: 'mine', tasks: [resolve('ring.ts')] };
    assert.deepEqual(stackArguments(options, record), [
      ...['--trainers', '2', '--s3', 'own', '--directory', 'over there'],
      ...['--threads', '4', '--task-queue', 'mine', '--tasks', 'ring.ts'],
    ]);
    const given = ['--tasks=ring.ts', '--task-queue', 'mine', '--directory', 'over there'];
    assert.deepEqual(startArguments(given, options, record), given);
  });

  it('have what the stack of somebody else had beside', () => {
    const record = { threads: 1, queue: 'theirs', tasks: [resolve('ring.ts'), '/elsewhere/line.ts'] };
    assert.deepEqual(startArguments(['--tasks', 'ring.ts'], { tasks: ['ring.ts'] }, record), [
      ...['--tasks', 'ring.ts', '--task-queue', 'theirs', '--tasks', '/elsewhere/line.ts'],
    ]);
  });
});
