/**
 * Compiles ordinary TensorFlow.js: functions are traced into one native graph, and many of their steps run in one call.
 *
 * ```ts
 * const { tfjs: tf } = tensorflow;
 * const kernel = tf.variable(tf.zeros([784, 10]));
 * const velocity = tf.variable(tf.zeros([784, 10]));
 * const program = compile(tensorflow, {
 *   variables: { kernel, 'optimizer/momentum/kernel': velocity },
 *   hyperparameters: ['learningRate'],
 *   resident: { images, labels },                                   // ResidentTensor: uint8 [N, 784], int32 [N]
 *   functions: {
 *     train: {
 *       repeats: true,
 *       inputs: { indices: { dtype: 'int32', shape: [32] } },
 *       run: ({ indices }, at) => {
 *         const x = at.resident.images.gather(indices).div(255);      // float32 [32, 784]
 *         const y = at.resident.labels.gather(indices);               // int32 [32]
 *         const { grads } = tf.variableGrads(() => lossOf(x, y), [kernel]);
 *         …update kernel and velocity from grads and at.hyperparameters.learningRate…
 *       },
 *     },
 *     measure: { repeats: true, inputs: …, run: ({ indices }, at) => ({ correct: … }) },
 *   },
 * });
 * program.setHyperparameters({ learningRate: 0.1 });
 * program.run('train', { steps: 50, firstStep: 100, key: [7, 0], inputs: { indices: new Int32Array(50 * 32) } });
 * program.run('measure', { steps: 10, inputs: { indices: … } })['correct'];   // Int32Array [10]
 * ```
 *
 * A function may do to tensors whatever TensorFlow.js can do. It is run twice on examples, and what it did is what
 * every step does. So it must do the same in every step. What compiled steps cannot repeat is refused by name
 * (`TraceRefused`): values that are read, random numbers and counters of JavaScript, variables made in a step,
 * promises.
 * Not seen is a branch on a counter of JavaScript that two steps do not reach ("every 10th step"): use `at.step`.
 *
 * All steps in one call do what as many calls do, bit for bit. Loops of JavaScript are unrolled.
 */
import { CompiledProgram } from './compiled-program.ts';
import type { InputDefinitions, ProgramDefinition } from './definition.ts';
import { encodeProgram } from './tracing/encode-program.ts';
import type { TensorFlow } from './library.ts';

/**
 * Compiles a program. Its state begins as what the variables hold; these are not used afterwards. Hyperparameters are
 * undefined until they are set. The caller disposes of the program, the variables, and the resident data.
 *
 * Takes tens of milliseconds to seconds: keep programs by what their definition depends on.
 *
 * @throws TraceRefused if a function does what compiled steps cannot repeat
 */
export function compile<
  const Functions extends Readonly<Record<string, InputDefinitions>>,
  const Hyperparameter extends string,
  const Resident extends string,
>(tensorflow: TensorFlow, definition: ProgramDefinition<Functions, Hyperparameter, Resident>): CompiledProgram {
  const plain = definition as unknown as ProgramDefinition;
  const program = new CompiledProgram(tensorflow, encodeProgram(tensorflow, plain), plain.resident);
  const names = Object.keys(plain.variables);
  const ids = tensorflow.backend.getInputTensorIds(Object.values(plain.variables));
  if (names.length > 0)
    program.setState(new Map(names.map((name, index) => [name, tensorflow.binding.tensorDataSync(ids[index]!)])));
  return program;
}
