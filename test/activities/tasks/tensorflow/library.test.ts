import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, it } from 'node:test';
import { RUN_SET_UP } from '../../../../activities/tasks/run-set-up.ts';
import { loadTensorFlow, processShouldRecycle } from '../../../../activities/tasks/tensorflow/library.ts';

const BINDING = fileURLToPath(new URL('../../../../.local/tfjs_binding.node', import.meta.url));
const require = createRequire(import.meta.url);
const PACKAGE = require.resolve('@tensorflow/tfjs-node-gpu');

/** Puts something else in the package's place. */
function pretend(exports: () => unknown): void {
  require.cache[PACKAGE] = Object.defineProperty({ id: PACKAGE, loaded: true, children: [] }, 'exports', {
    get: exports,
  }) as unknown as NodeJS.Module;
}

describe('loadTensorFlow', () => {
  afterEach(() => {
    delete require.cache[PACKAGE];
  });

  it('refuses tensors in pure JavaScript', () => {
    pretend(() => ({ getBackend: () => 'cpu' }));
    assert.throws(loadTensorFlow, {
      name: 'TensorFlowUnavailable',
      message: `Cannot load native TensorFlow: expected the backend to be \`tensorflow\`, got \`cpu\`. ${RUN_SET_UP}`,
    });
  });

  it('says in one line why it cannot be loaded and what to run', () => {
    pretend(() => {
      throw new Error('The addon can not be found.\nPlease run something else');
    });
    assert.throws(loadTensorFlow, {
      name: 'TensorFlowUnavailable',
      message: `Cannot load native TensorFlow: The addon can not be found. ${RUN_SET_UP}`,
    });
  });

  it('runs without the functions that Node 23 removed', () => {
    const program = `
      import util from 'node:util';
      import { requireTensorFlow } from './activities/tasks/tensorflow/require-tensorflow.mjs';
      for (const name of ['isArray', 'isNullOrUndefined']) delete util[name];
      const tf = requireTensorFlow(process.argv[1]);
      console.log(tf.getBackend(), tf.topk(tf.tensor1d([1, 3, 2])).values.dataSync()[0]);`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', program, BINDING], {
      encoding: 'utf8',
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    assert.equal(output.trim(), 'tensorflow 3');
  });

  it('asks for no fresh process before it is loaded', () => {
    assert.equal(processShouldRecycle(), false);
  });
});
