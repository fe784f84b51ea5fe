/**
 * The images of a run: how they are split by the seed, and what they are standardised by.
 */
import { LruCache } from '../../../workflows/algorithm/lru-cache.ts';
import type { ImageDataSet, ImageShape, LabelledImages, Normalisation } from '../datasets/data-set.ts';
import { loadImages } from '../datasets/image-data-sets.ts';
import { measureNormalisation, standardisationOf, type Standardisation } from '../datasets/normalisation.ts';
import { splitRows } from '../datasets/split.ts';
import type { Feeds, NetworkData } from '../tensorflow/network-definition.ts';
import type { ImageClassification } from './settings.ts';

/** The images of one seed, without their pixels. */
export interface RunImages {
  readonly image: ImageShape;
  readonly classes: number;
  readonly classNames: readonly string[] | undefined;
  readonly skipped: ImageDataSet['skipped'];
  /** Whether values are bytes, from 0 to 255, or floats. */
  readonly areBytes: boolean;
  readonly normalisation: Normalisation;
  readonly standardisation: Standardisation;
  readonly data: NetworkData;
}

/** Those of a few experiments at once. */
const MOST_KEPT = 8;

const known = new LruCache<string, RunImages>(MOST_KEPT);

/**
 * Returns the images that a run with these settings and this seed has.
 *
 * @throws DataSetError if the data set cannot be used, Error if it has too few images or other channels
 */
export async function runImages(
  settings: ImageClassification,
  batchSize: number,
  { seed, dataDirectory }: { readonly seed: number; readonly dataDirectory: string },
): Promise<RunImages> {
  const { dataset, objectiveExamples, untouchedExamples, normalisation } = settings;
  const key = JSON.stringify([dataset, dataDirectory, seed, objectiveExamples, untouchedExamples, normalisation]);
  const found = known.get(key) ?? (await readImages(settings, seed, dataDirectory));
  known.set(key, found);
  checkBatchSize(settings, found.data.training.length, batchSize);
  return found;
}

async function readImages(settings: ImageClassification, seed: number, dataDirectory: string): Promise<RunImages> {
  const { dataset, objectiveExamples, untouchedExamples } = settings;
  const images = await loadImages(dataset, dataDirectory);
  const { image, classes, classNames, skipped, training, test } = images;
  const held = objectiveExamples + untouchedExamples;
  if (held >= training.count)
    throw new Error(
      'Expected `task.objectiveExamples` and `task.untouchedExamples` to leave some of the ' +
        `${training.count} training images, got \`${held}\``,
    );
  const { parts, rest } = splitRows(
    training.count,
    { objective: objectiveExamples, untouched: untouchedExamples },
    seed,
  );
  const normalisation = normalisationOf(settings, images, rest);
  const reload = () => loadImages(dataset, dataDirectory);
  return {
    image,
    classes,
    classNames,
    skipped,
    areBytes: training.pixels instanceof Uint8Array,
    normalisation,
    standardisation: standardisationOf(normalisation, training.pixels),
    data: {
      key: JSON.stringify([dataset, dataDirectory]),
      load: async () => feedsOf((await reload()).training, image),
      training: rest,
      ...parts,
      ...(test ? { test: { rows: test.count, load: async () => feedsOf((await reload()).test ?? test, image) } } : {}),
    },
  };
}

function normalisationOf(
  { normalisation }: ImageClassification,
  images: ImageDataSet,
  training: Uint32Array,
): Normalisation {
  const channels = images.image[2];
  if (normalisation && normalisation.mean.length !== channels)
    throw new Error(
      `Expected \`task.normalisation\` to have a mean and a deviation for each of the ${channels} channels, ` +
        `got \`${normalisation.mean.length}\``,
    );
  return normalisation ?? images.normalisation ?? measureNormalisation(images.training, channels, training);
}

function feedsOf({ count, pixels, labels }: LabelledImages, image: ImageShape): Feeds {
  return {
    images: { shape: [count, ...image], values: pixels },
    labels: { shape: [count], values: labels },
  };
}

function checkBatchSize(
  { objectiveExamples, untouchedExamples }: ImageClassification,
  left: number,
  size: number,
): void {
  if (left >= size) return;
  throw new Error(
    'Expected `task.objectiveExamples` and `task.untouchedExamples` to leave at least one batch ' +
      `(${size}) of the ${left + objectiveExamples + untouchedExamples} training images, ` +
      `got \`${objectiveExamples + untouchedExamples}\``,
  );
}
