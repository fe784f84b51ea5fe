/** The modules of the trainer in Python (trainers/python), one by one: the tests in test/trainers/python. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT } from '../../workers/processes/places.mjs';

const PYTHON = join(ROOT, '.local/python/bin/python');
const TESTS = join(ROOT, 'test/trainers/python');

describe('the modules of the trainer in Python', () => {
  it('pass their tests', async () => {
    const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
      execFile(
        PYTHON,
        ['-B', '-m', 'unittest', 'discover', '-b', '-s', TESTS, '-p', '*_test.py'],
        { cwd: join(ROOT, 'trainers/python'), timeout: 300_000 },
        (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
      );
    });
    assert.equal(code, 0, output);
    assert.match(output, /^Ran [1-9]\d* tests/m);
  });
});
