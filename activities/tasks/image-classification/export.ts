/**
 * Writes a trained network as a TensorFlow.js layers model: `tf.loadLayersModel('…/model.json')` gives one that takes
 * images as bytes, [B, H, W, C] from 0 to 255, and answers with logits, [B, classes].
 */
import type * as Tfjs from '@tensorflow/tfjs-node-gpu';
import type { NamedTensor } from '../../storage/safetensors.ts';
import type { ExportedFile } from '../task.ts';
import { PIXEL_OFFSET, PIXEL_SCALE } from './examples.ts';
import type { ExportedLayer, Layer } from './layers.ts';
import type { ImageShape } from './models.ts';

const WEIGHTS_FILE = 'weights.bin';

/** Returns `model/model.json` and `model/weights.bin`; the same bytes for the same weights. */
export async function exportModel(
  tfjs: typeof Tfjs,
  layers: readonly Layer[],
  image: ImageShape,
  weights: ReadonlyMap<string, NamedTensor>,
): Promise<ExportedFile[]> {
  const model = tfjs.sequential({ name: 'model' });
  try {
    model.add(
      tfjs.layers.rescaling({
        name: 'standardised-pixels',
        scale: PIXEL_SCALE,
        offset: PIXEL_OFFSET,
        inputShape: [...image],
      }),
    );
    for (const exported of layers.flatMap((layer) => layer.exported)) model.add(layerOf(tfjs, exported));
    const parameters = layers.flatMap((layer) => layer.parameters);
    const values = parameters.map(({ name, shape }) =>
      tfjs.tensor(new Float32Array(weights.get(name)!.data.slice().buffer), [...shape], 'float32'),
    );
    model.setWeights(values);
    tfjs.dispose(values);
    return await filesOf(tfjs, model);
  } finally {
    model.dispose();
  }
}

async function filesOf(tfjs: typeof Tfjs, model: Tfjs.Sequential): Promise<ExportedFile[]> {
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

function layerOf(tfjs: typeof Tfjs, { type, config }: ExportedLayer): Tfjs.layers.Layer {
  // The configurations are literals of layers.ts, beside the layers that they describe.
  const make = tfjs.layers[type] as (config: unknown) => Tfjs.layers.Layer;
  return make(config);
}
