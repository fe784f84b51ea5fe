/**
 * Traces the functions of a definition and writes them as one graph on shared variables.
 *
 * Nodes: `variables/N` with `/set` and `/get`, `hyperparameters/NAME` likewise, `resident/NAME`; of a function
 * `FUNCTION/steps`, `/firstStep`, `/key`, `/inputs/NAME`, `/outputs/NAME`, `/done`.
 */
import { addFunction, type Shared } from './add-function.ts';
import type { EncodedProgram, FunctionSignature, ProgramDefinition } from '../definition.ts';
import { Graph, type Variable } from '../graph.ts';
import type { TensorFlow } from '../library.ts';
import type { Dtype } from '../protobuf.ts';
import { TraceRefused } from './refusal.ts';
import { contextOf, makeExamples, pick } from './step-context.ts';
import { traceFunction } from './trace-function.ts';
import type { Trace } from './trace.ts';

/** What TensorFlow takes as part of a node's name. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/**
 * Traces and encodes a program. The variables stay as they are, and no tensor is left behind.
 *
 * @throws TraceRefused if a function does what compiled steps cannot repeat
 */
export function encodeProgram(tensorflow: TensorFlow, definition: ProgramDefinition): EncodedProgram {
  checkNames(definition);
  const graph = new Graph();
  const shared = addShared(graph, definition);
  const used = new Set<string>();
  const functions = Object.entries(definition.functions).map(([name, given]): [string, FunctionSignature] => {
    const trace = traceNamed(tensorflow, definition, name);
    const taken = addFunction(graph, name, given, trace, shared);
    for (const input of taken) used.add(input);
    const resident = Object.keys(definition.resident).filter((data) => taken.has(`resident/${data}`));
    return [name, { repeats: given.repeats, inputs: given.inputs, outputs: Object.keys(trace.outputs), resident }];
  });
  const idle = definition.hyperparameters.find((name) => !used.has(`hyperparameters/${name}`));
  if (idle !== undefined) throw withoutEffect(idle);
  addAccess(graph, 'variables', shared.variables);
  addAccess(graph, 'hyperparameters', shared.hyperparameters);
  const variables = [...shared.variables].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const signature = {
    variables,
    hyperparameters: definition.hyperparameters,
    functions: Object.fromEntries(functions),
  };
  return { graph: graph.encode(), signature };
}

function addShared(graph: Graph, { variables, hyperparameters, resident }: ProgramDefinition): Shared {
  return {
    variables: new Map(
      Object.entries(variables).map(([name, { shape, dtype }], index) => [
        name,
        graph.variable(`variables/${index}`, shape, dtype as Dtype),
      ]),
    ),
    hyperparameters: new Map(hyperparameters.map((name) => [name, graph.variable(`hyperparameters/${name}`, [])])),
    resident: new Map(
      Object.entries(resident).map(([name, { dtype, shape }]) => [name, graph.input(`resident/${name}`, dtype, shape)]),
    ),
  };
}

function checkNames({ hyperparameters, resident, functions }: ProgramDefinition): void {
  const names = Object.entries(functions).flatMap(([name, { inputs }]) => [name, ...Object.keys(inputs)]);
  const wrong = [...names, ...hyperparameters, ...Object.keys(resident)].find((name) => !NAME.test(name));
  if (wrong !== undefined)
    throw new Error(`Expected names to be letters, digits, \`_\`, \`.\` and \`-\`, got \`${wrong}\``);
}

function traceNamed(tensorflow: TensorFlow, definition: ProgramDefinition, name: string): Trace {
  const { tfjs: tf } = tensorflow;
  const { inputs, run } = definition.functions[name]!;
  const resident = Object.entries(definition.resident);
  try {
    return traceFunction(tensorflow, {
      variables: definition.variables,
      makeExamples: () => makeExamples(tf, inputs, definition.hyperparameters),
      resident: Object.fromEntries(resident.map(([data, tensor]) => [`resident/${data}`, tensor])),
      run: (examples) => run(pick(examples, 'inputs/'), contextOf(tf, definition, examples)),
    });
  } catch (error) {
    throw error instanceof TraceRefused ? error.in(name) : error;
  }
}

function withoutEffect(hyperparameter: string): TraceRefused {
  return new TraceRefused(
    `the hyperparameter \`${hyperparameter}\` has no effect: nothing is computed from ` +
      `\`at.hyperparameters.${hyperparameter}\``,
    undefined,
    'Use it, or leave it out',
  );
}

/** Makes variables settable (`<node>/set`, all at once by `<group>/set`) and readable (`<node>/get`). */
function addAccess(graph: Graph, group: string, variables: ReadonlyMap<string, Variable>): void {
  const assigned = [...variables.values()].map((variable) => {
    const { name, dtype, shape } = variable;
    const fed = graph.input(`${name}/set`, dtype, shape);
    // A copy: what is fed belongs to JavaScript, and updates write in place.
    return graph.assign(variable, graph.value('DeepCopy', [fed], dtype, { T: { type: dtype } }));
  });
  graph.output(`${group}/set`, graph.constant(Int32Array.of(variables.size), []), assigned);
  for (const variable of variables.values()) graph.output(`${variable.name}/get`, graph.read(variable));
}
