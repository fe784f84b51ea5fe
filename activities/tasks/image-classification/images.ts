/**
 * The images of a run: how they are split by the seed, and what they are standardised by.
 */
import { LruCache } from '../../../workflows/algorithm/lru-cache.ts';
import type { ImageDataSet, ImageShape, LabelledImages, Normalisation } from '../datasets/data-set.ts';
import { loadImages, stampOfImages } from '../datasets/image-data-sets.ts';
import { measureNormalisation, standardisationOf, type Standardisation } from '../datasets/normalisation.ts';
import { splitRows } from '../datasets/split.ts';
import type { Crops, StreamedDataSet, StreamedImages } from '../datasets/streamed-images.ts';
import type { SessionContext } from '../task.ts';
import type { Feeds, MeasuredStream, NetworkData, RowStream } from '../tensorflow/network-definition.ts';
import type { ImageClassification } from './settings.ts';

/** What is known of the images of one seed: neither their pixels nor anything that has them. */
interface KnownImages {
  readonly image: ImageShape;
  readonly classes: number;
  readonly classNames: readonly string[] | undefined;
  readonly skipped: ImageDataSet['skipped'];
  /** Whether values are bytes, from 0 to 255, or floats. */
  readonly areBytes: boolean;
  readonly normalisation: Normalisation;
  readonly standardisation: Standardisation;
  /** How many are trained on. */
  readonly trained: number;
  readonly areStreamed: boolean;
  /** How many there are apart for a test. */
  readonly tested: number | undefined;
  readonly rows: Omit<NetworkData, 'load' | 'test'>;
}

/** The images of one seed. */
export interface RunImages extends KnownImages {
  /** Returns the rows of a network that is trained on crops of originals, or on images as they are measured. */
  readonly dataOf: (cropsOf: CropsOf | undefined) => NetworkData;
}

/** Returns what the crops of a part of a batch are cut by. */
export type CropsOf = (part: number) => Crops;

/** Those of a few experiments at once. */
const MOST_KEPT = 8;

/** Of images that are streamed, so many are looked at for their mean and deviation. */
const LOOKED_AT = 2048;

const known = new LruCache<string, KnownImages>(MOST_KEPT);

/**
 * Returns the images that a run with these settings and this seed has.
 *
 * @throws DataSetError if the data set cannot be used, Error if it has too few images or other channels
 */
export async function runImages(
  settings: ImageClassification,
  batchSize: number,
  context: Pick<SessionContext, 'seed' | 'dataDirectory' | 'progressed'>,
): Promise<RunImages> {
  const { dataset, objectiveExamples, untouchedExamples, normalisation } = settings;
  const { seed, dataDirectory, progressed } = context;
  const dataKey = JSON.stringify([dataset, dataDirectory, stampOfImages(dataset)]);
  const key = JSON.stringify([dataKey, seed, objectiveExamples, untouchedExamples, normalisation]);
  const found = known.get(key) ?? (await readImages(settings, context, dataKey));
  known.set(key, found);
  checkBatchSize(settings, found.trained, batchSize);
  if (!found.areStreamed) {
    const data = { ...found.rows, ...feedsAgain(found, settings, context) };
    return { ...found, dataOf: () => data };
  }
  const dataSet = await loadImages(dataset, dataDirectory, progressed);
  if (!('streamed' in dataSet)) throw new Error('Expected a data set that is streamed to stay one');
  return { ...found, dataOf: (cropsOf) => ({ ...found.rows, ...streamsOf(dataSet, cropsOf) }) };
}

async function readImages(
  settings: ImageClassification,
  { seed, dataDirectory, progressed }: Pick<SessionContext, 'seed' | 'dataDirectory' | 'progressed'>,
  dataKey: string,
): Promise<KnownImages> {
  const { dataset, objectiveExamples, untouchedExamples } = settings;
  const dataSet = await loadImages(dataset, dataDirectory, progressed);
  const { image, classes, classNames, test } = dataSet;
  const areStreamed = 'streamed' in dataSet;
  const { count } = areStreamed ? dataSet.streamed : dataSet.training;
  const held = objectiveExamples + untouchedExamples;
  if (held >= count)
    throw new Error(
      'Expected `task.objectiveExamples` and `task.untouchedExamples` to leave some of the ' +
        `${count} training images, got \`${held}\``,
    );
  const { parts, rest: training } = splitRows(
    count,
    { objective: objectiveExamples, untouched: untouchedExamples },
    seed,
  );
  const normalisation = await normalisationOf(settings, dataSet, training);
  const pixels = areStreamed ? new Uint8Array() : dataSet.training.pixels;
  return {
    image,
    classes,
    classNames,
    skipped: areStreamed ? undefined : dataSet.skipped,
    areBytes: pixels instanceof Uint8Array,
    normalisation,
    standardisation: standardisationOf(normalisation, pixels),
    trained: training.length,
    areStreamed,
    tested: test?.count,
    rows: { key: dataKey, training, ...parts },
  };
}

/** Returns how the images of a data set in memory are had. It is not kept: TensorFlow has copies of its own. */
function feedsAgain(
  { image, tested }: KnownImages,
  { dataset }: ImageClassification,
  { dataDirectory, progressed }: Pick<SessionContext, 'dataDirectory' | 'progressed'>,
): Pick<NetworkData, 'load' | 'test'> {
  const feeds = async (part: 'training' | 'test'): Promise<Feeds> => {
    const dataSet = await loadImages(dataset, dataDirectory, progressed);
    if ('streamed' in dataSet) throw new Error('Expected a data set in memory to stay one');
    return feedsOf(dataSet[part] ?? dataSet.training, image);
  };
  return {
    load: () => feeds('training'),
    ...(tested === undefined ? {} : { test: { rows: tested, load: () => feeds('test') } }),
  };
}

function streamsOf(
  { image, streamed, test }: StreamedDataSet,
  cropsOf: CropsOf | undefined,
): Pick<NetworkData, 'test'> & { readonly load: RowStream } {
  const measured = (images: StreamedImages): MeasuredStream => ({
    measured: async (rows) => feedsOf(await images.squares(rows), image),
  });
  return {
    load: {
      ...measured(streamed),
      columns: { images: { dtype: 'uint8', shape: image }, labels: { dtype: 'int32', shape: [] } },
      batch: async (rows, part) => {
        const { pixels, labels } = await streamed.batch(rows, cropsOf?.(part));
        return { images: pixels, labels };
      },
    },
    ...(test ? { test: { rows: test.count, load: measured(test) } } : {}),
  };
}

async function normalisationOf(
  { normalisation }: ImageClassification,
  dataSet: ImageDataSet | StreamedDataSet,
  training: Uint32Array,
): Promise<Normalisation> {
  const channels = dataSet.image[2];
  if (normalisation && normalisation.mean.length !== channels)
    throw new Error(
      `Expected \`task.normalisation\` to have a mean and a deviation for each of the ${channels} channels, ` +
        `got \`${normalisation.mean.length}\``,
    );
  if (normalisation) return normalisation;
  if (!('streamed' in dataSet))
    return dataSet.normalisation ?? measureNormalisation(dataSet.training, channels, training);
  const looked = await dataSet.streamed.squares(training.subarray(0, LOOKED_AT));
  if (looked.count === 0) throw new Error(`Expected some of the training images not to be broken, got \`none\``);
  return measureNormalisation(
    looked,
    channels,
    Uint32Array.from({ length: looked.count }, (_, index) => index),
  );
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
