/**
 * Writes a trained network as a TensorFlow.js layers model: `tf.loadLayersModel('…/model.json')` gives one that takes
 * inputs as the data set has them, bytes from 0 to 255 for example, and answers with the network's outputs.
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { State, ExportedFile } from '../task.ts';
import type { ExportedLayer, PlainLayer } from './layers.ts';
import type { Network } from './network.ts';

const WEIGHTS_FILE = 'weights.bin';

/** value · scale + offset, one of each, or one a channel. */
export interface Rescaling {
  readonly scale: Float32Array;
  readonly offset: Float32Array;
}

/** Returns `model/model.json` and `model/weights.bin`; the same bytes for the same weights. */
export async function exportLayers(
  tfjs: typeof Tfjs,
  network: Network,
  inputShape: readonly number[],
  weights: State,
  { input, output }: { readonly input?: Rescaling; readonly output?: Rescaling },
): Promise<ExportedFile[]> {
  const inputs = tfjs.input({ shape: [...inputShape], name: 'input' });
  const rescaled = (name: string, rescaling: Rescaling | undefined, value: Tfjs.SymbolicTensor) =>
    rescaling ? applyLayer(rescalingLayer(tfjs, name, rescaling), value) : value;
  const answers = applyLayers(tfjs, network.exported, rescaled('standardised', input, inputs));
  const outputs = rescaled('in-units-of-the-target', output, answers);
  const model = tfjs.model({ inputs, outputs, name: 'model' });
  try {
    // A layers model has its moving averages behind all trained weights of the same layer, as here.
    for (const layer of model.layers) {
      const own = network.parameters.filter(({ name }) => name.startsWith(`${layer.name}/`));
      if (own.length === 0) continue;
      const values = own.map(({ name, shape }) =>
        tfjs.tensor(new Float32Array(weights.get(name)!.data.slice().buffer), [...shape], 'float32'),
      );
      layer.setWeights(values);
      tfjs.dispose(values);
    }
    return await filesOf(tfjs, model);
  } finally {
    model.dispose();
  }
}

/** Returns `description.json`: what the network takes and gives, for whoever uses the weights. */
export function describeNetwork(description: Readonly<Record<string, unknown>>): ExportedFile {
  return {
    name: 'description.json',
    bytes: new TextEncoder().encode(`${JSON.stringify(description, null, 2)}\n`),
    contentType: 'application/json',
  };
}

async function filesOf(tfjs: typeof Tfjs, model: Tfjs.LayersModel): Promise<ExportedFile[]> {
  let files: ExportedFile[] = [];
  const handler = tfjs.io.withSaveHandler(
    async ({ modelTopology, weightSpecs, weightData, format, generatedBy, convertedBy }) => {
      const manifest = [{ paths: [WEIGHTS_FILE], weights: weightSpecs }];
      const json = JSON.stringify({ format, generatedBy, convertedBy, modelTopology, weightsManifest: manifest });
      files = [
        { name: 'model/model.json', bytes: new TextEncoder().encode(json), contentType: 'application/json' },
        {
          name: `model/${WEIGHTS_FILE}`,
          bytes: new Uint8Array(tfjs.io.CompositeArrayBuffer.join(weightData)),
          contentType: 'application/octet-stream',
        },
      ];
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    },
  );
  await model.save(handler);
  return files;
}

function rescalingLayer(tfjs: typeof Tfjs, name: string, { scale, offset }: Rescaling): Tfjs.layers.Layer {
  const channels = (values: Float32Array): number =>
    values.length === 1 ? values[0]! : ([...values] as unknown as number);
  return tfjs.layers.rescaling({ name, scale: channels(scale), offset: channels(offset) });
}

function applyLayers(
  tfjs: typeof Tfjs,
  layers: readonly ExportedLayer[],
  input: Tfjs.SymbolicTensor,
): Tfjs.SymbolicTensor {
  return layers.reduce((value, layer) => {
    if (layer.type !== 'sum') return applyLayer(layerOf(tfjs, layer), value);
    const { name, chains } = layer;
    const summands = chains.map((chain) => applyLayers(tfjs, chain, value));
    return applyLayer(tfjs.layers.add({ name }), summands);
  }, input);
}

function applyLayer(layer: Tfjs.layers.Layer, input: Tfjs.SymbolicTensor | Tfjs.SymbolicTensor[]): Tfjs.SymbolicTensor {
  return layer.apply(input) as Tfjs.SymbolicTensor;
}

function layerOf(tfjs: typeof Tfjs, { type, config }: PlainLayer): Tfjs.layers.Layer {
  // The configurations are literals of layers.ts, beside the layers that they describe.
  const make = tfjs.layers[type] as (config: unknown) => Tfjs.layers.Layer;
  return make(config);
}
