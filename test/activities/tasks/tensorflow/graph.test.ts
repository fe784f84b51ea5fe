import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadTensorFlow } from '../../../../activities/tasks/tensorflow/library.ts';
import { Graph } from '../../../../activities/tasks/tensorflow/graph.ts';
import { Program } from '../../../../activities/tasks/tensorflow/program.ts';

process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';
const { binding } = loadTensorFlow();
const FLOAT = { T: { type: 'float32' } } as const;

/** total ← total + index · factor, so many times. */
function summing(): Program {
  const graph = new Graph();
  const total = graph.variable('total', []);
  const factor = graph.input('factor', 'float32', []);
  graph.output('start', graph.constant(Int32Array.of(0), []), [
    graph.assign(total, graph.constant(Float32Array.of(0), [])),
  ]);
  const { count } = graph.repeat(graph.input('times', 'int32', []), [], (index) => {
    const step = graph.value(
      'Mul',
      [graph.value('Cast', [index], 'float32', { SrcT: { type: 'int32' }, DstT: { type: 'float32' } }), factor],
      'float32',
      FLOAT,
    );
    const sum = graph.value('AddV2', [graph.read(total), step], 'float32', FLOAT);
    return { effects: [graph.assign(total, sum)], carried: [] };
  });
  graph.output('done', count);
  graph.output('sum', graph.read(total));
  return new Program(binding, graph.encode());
}

describe('a graph', () => {
  it('repeats its body so often, in order, on variables that outlive the call', () => {
    const program = summing();
    const times = (count: number) => ({
      times: { shape: [], values: Int32Array.of(count) },
      factor: { shape: [], values: Float32Array.of(2) },
    });
    program.run({}, ['start']);
    assert.deepEqual([...program.run(times(5), ['done'])[0]!], [5]);
    assert.deepEqual([...program.run({}, ['sum'])[0]!], [2 * (0 + 1 + 2 + 3 + 4)]);
    program.run(times(3), ['done']);
    assert.deepEqual([...program.run({}, ['sum'])[0]!], [20 + 2 * (0 + 1 + 2)]);
    assert.deepEqual([...program.run(times(0), ['done'])[0]!], [0]);
    program.dispose();
  });

  it('keeps the variables of two programs apart', () => {
    const [one, other] = [summing(), summing()];
    one.run({}, ['start']);
    other.run({}, ['start']);
    one.run({ times: { shape: [], values: Int32Array.of(4) }, factor: { shape: [], values: Float32Array.of(1) } }, [
      'done',
    ]);
    assert.deepEqual([one.run({}, ['sum'])[0]![0], other.run({}, ['sum'])[0]![0]], [6, 0]);
    one.dispose();
    other.dispose();
  });

  it('leaves no tensor behind, not even by a call that fails', () => {
    const program = summing();
    program.run({}, ['start']);
    const before = binding.getNumOfTensors();
    assert.throws(
      () =>
        program.run(
          { times: { shape: [2], values: Int32Array.of(1, 2) }, factor: { shape: [], values: Float32Array.of(1) } },
          ['done'],
        ),
      /Session fail to run/,
    );
    assert.throws(() => program.run({}, ['nothing']), /can not be found/);
    program.run({ times: { shape: [], values: Int32Array.of(4) }, factor: { shape: [], values: Float32Array.of(1) } }, [
      'done',
    ]);
    assert.equal(binding.getNumOfTensors(), before);
    program.dispose();
  });
});
