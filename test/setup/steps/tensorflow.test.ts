/** Set-up uses the TensorFlow library that is asked for, and says how to ask for another if one does not work. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { SetupFailure } from '../../../setup/failure.mjs';
import { chooseLibrary, withOtherLibraries } from '../../../setup/steps/tensorflow.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'fire-pbt-tensorflow-'));
after(() => rmSync(folder, { recursive: true }));
const [installed, other, empty] = ['installed', 'other', 'empty'].map((name) => path.join(folder, name));
for (const prefix of [installed, other])
  for (const file of ['lib/libtensorflow.so', 'include/tensorflow/c/eager/c_api.h']) {
    mkdirSync(path.dirname(path.join(prefix!, file)), { recursive: true });
    writeFileSync(path.join(prefix!, file), '');
  }
const usual = [empty!, installed!];

test('an installed library is used, unless the environment asks for a device or names another', () => {
  assert.deepEqual(chooseLibrary({}, usual), { kind: 'existing', prefix: installed });
  assert.deepEqual(chooseLibrary({ TENSORFLOW_DEVICE: 'cpu' }, usual), { kind: 'cpu' });
  assert.deepEqual(chooseLibrary({ TENSORFLOW_DEVICE: 'cuda' }, usual), { kind: 'cuda' });
  const named = { TENSORFLOW_DEVICE: 'cpu', TENSORFLOW_PREFIX: other };
  assert.deepEqual(chooseLibrary(named, usual), { kind: 'existing', prefix: other });
  assert.notEqual(chooseLibrary({ TENSORFLOW_DEVICE: '', TENSORFLOW_PREFIX: '' }, [empty!]).kind, 'existing');
});

test('a device or a folder that cannot be used is refused', () => {
  assert.throws(() => chooseLibrary({ TENSORFLOW_DEVICE: 'gpu' }, usual), {
    name: 'SetupFailure',
    message: 'Expected TENSORFLOW_DEVICE to be cpu or cuda, got gpu',
  });
  assert.throws(() => chooseLibrary({ TENSORFLOW_PREFIX: empty }, usual), {
    name: 'SetupFailure',
    message: /^Expected TENSORFLOW_PREFIX to be a folder with .+, got .+empty$/,
  });
});

test('a failure with an installed library says how to use another', () => {
  const failure = withOtherLibraries(new SetupFailure('Cannot run TensorFlow: it crashed', { log: 'x.log' }), '/usr');
  assert.ok(failure instanceof SetupFailure);
  assert.deepEqual([failure.message, failure.log], ['Cannot run TensorFlow: it crashed', 'x.log']);
  assert.match(
    failure.advice ?? '',
    /library in \/usr; TENSORFLOW_DEVICE=cpu or cuda .+ TENSORFLOW_PREFIX names another$/,
  );
});
