/**
 * How to use a winner's weights elsewhere: code that reads them in JavaScript and in Python.
 */
import type { RunStory } from '../runs/story.ts';
import type { ReinforcementLearning } from '../tasks/reinforcement-learning/settings.ts';
import { markup, type Html } from './html.ts';

/** Reads `result/model/` with TensorFlow.js. Needs a server of the result's folder, such as Python's. */
export const JAVASCRIPT_CODE = `import * as tf from '@tensorflow/tfjs';

const model = await tf.loadLayersModel('http://127.0.0.1:8000/model/model.json');
const [, ...shape] = model.inputs[0].shape;

/** Returns the outputs, one row for each input. Inputs are as description.json says, in one array. */
function predict(inputs) {
  return tf.tidy(() => model.predict(tf.tensor(inputs).reshape([-1, ...shape]), { batchSize: 500 }).arraySync());
}
`;

/** Reads `result/best.safetensors` with NumPy. */
const PYTHON_READING = `import json
import numpy as np
from safetensors import safe_open

with safe_open("best.safetensors", "numpy") as file:
    weights = {name: file.get_tensor(name) for name in file.keys()}
    description = json.loads(file.metadata()["description"])
`;

/** Activation functions of NumPy arrays, by their names in hyperparameters. */
const PYTHON_ACTIVATIONS: Readonly<Record<string, string>> = {
  relu: 'np.maximum(x, 0)',
  tanh: 'np.tanh(x)',
  elu: 'np.where(x > 0, x, np.expm1(np.minimum(x, 0)))',
  swish: 'x / (1 + np.exp(-x))',
};

/**
 * Returns Python code that reads the weights with NumPy. If the network is a multilayer perceptron for images, without
 * batch normalisation, the code also defines `predict`; for agents, it defines `act`.
 */
export function pythonCode({ specification, leader }: Pick<RunStory, 'specification' | 'leader'>): string {
  const { kind, model } = specification.task as { readonly kind: string; readonly model?: unknown };
  if (kind === 'reinforcement-learning') return `${PYTHON_READING}${pythonAgent(specification.task)}`;
  const hidden = kind === 'image-classification' ? hiddenLayers(model) : undefined;
  const { activation: named = 'relu' } = leader?.history.at(-1)?.hyperparameters ?? {};
  const activation = PYTHON_ACTIVATIONS[named];
  if (hidden === undefined || activation === undefined) return PYTHON_READING;
  return `${PYTHON_READING}

def predict(images):
    """Returns logits, one row for each image. Images are as the data set has them."""
    rule = description["input"]["normalisation"]
    x = np.asarray(images, "float32").reshape(-1, *description["input"]["shape"])
    if description["input"]["values"].startswith("bytes"):
        x = x / 255
    x = (x - np.float32(rule["mean"])) / np.float32(rule["deviation"])
    x = x.reshape(len(x), -1)
    for layer in range(${hidden}):
        x = x @ weights[f"hidden-{layer}/kernel"] + weights[f"hidden-{layer}/bias"]
        x = ${activation}
    return x @ weights["output/kernel"] + weights["output/bias"]
`;
}

const PYTHON_LAYER_NORMALISATION = `
        if layer == 0:
            x = x - x.mean(1, keepdims=True)
            x = x / np.sqrt((x**2).mean(1, keepdims=True) + np.float32(1e-3))
            x = x * weights["hidden-0-normalisation/scale"] + weights["hidden-0-normalisation/offset"]`;

/** Returns Python code that defines what an agent does. */
function pythonAgent(task: unknown): string {
  const { hidden, layerNorm } = task as Pick<ReinforcementLearning, 'hidden' | 'layerNorm'>;
  const normalisation = layerNorm ? PYTHON_LAYER_NORMALISATION : '';
  return `
def act(observations):
    """Returns mean actions, one row for each observation, both in the units of the environment."""
    x = np.asarray(observations, "float64").reshape(-1, *description["input"]["shape"])
    rule = description["input"]["normalisation"]
    if rule is not None:
        x = np.clip(x * rule["scale"] + rule["offset"], -rule["clip"], rule["clip"])
    x = x.astype("float32")
    for layer in range(${hidden.length}):
        x = x @ weights[f"hidden-{layer}/kernel"] + weights[f"hidden-{layer}/bias"]${normalisation}
        x = np.tanh(x)
    rule = description["output"]
    x = np.clip(x @ weights["output/kernel"] + weights["output/bias"], -rule["clip"], rule["clip"])
    return x * np.float32(rule["scale"]) + np.float32(rule["offset"])
`;
}

/** Returns the number of hidden layers of a plain perceptron; undefined: it is another model. */
function hiddenLayers(model: unknown): number | undefined {
  const { kind, hidden, batchNormalisation } = (model ?? {}) as {
    readonly kind?: string;
    readonly hidden?: readonly number[];
    readonly batchNormalisation?: boolean;
  };
  return kind === 'perceptron' && batchNormalisation !== true ? hidden?.length : undefined;
}

/** Returns how to use the weights of a finished run; undefined: there are none. */
export function weightsSection(story: RunStory): readonly Html[] | undefined {
  const { result } = story;
  const has = (name: string): boolean => result?.files.some((file) => file.endsWith(`/result/${name}`)) ?? false;
  if (!has('best.safetensors')) return undefined;
  const described = has('description.json');
  return [
    markup`<p>The winner's files are in <code>result/</code> of the run's folder. <code>best.safetensors</code> has the
weights${described ? markup`, and <code>description.json</code> what the network takes and gives` : null}.</p>`,
    ...(has('model/model.json')
      ? [
          markup`<p>TensorFlow.js, from a server of that folder (<code>python3 -m http.server --bind 127.0.0.1</code>,
for a web page of another origin one that allows it). The model takes raw inputs: it normalises them itself. A
classifier's outputs are logits.</p>
<pre><code>${JAVASCRIPT_CODE}</code></pre>`,
        ]
      : []),
    ...(described
      ? [
          markup`<p>Python with <code>numpy</code> and <code>safetensors</code>. The weights alone do not normalise
their inputs.</p>
<pre><code>${pythonCode(story)}</code></pre>`,
        ]
      : []),
  ];
}
