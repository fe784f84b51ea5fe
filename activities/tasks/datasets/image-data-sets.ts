/**
 * The data sets of images that a specification can name, and where their files are.
 */
import { z } from 'zod';
import { LruCache } from '../../../workflows/algorithm/lru-cache.ts';
import { integer, listOf, object, oneOf, tag, text } from '../../../workflows/validation/fields.ts';
import { cifarFiles, loadCifar } from './cifar.ts';
import type { ImageDataSet } from './data-set.ts';
import { loadFashionMnist } from './fashion-mnist.ts';
import { stampOf } from './file-stamps.ts';
import { loadIdx } from './idx.ts';
import { imageFolders } from './image-files.ts';
import type { StreamedDataSet } from './streamed-images.ts';
import { loadModule } from './user-module.ts';
import { WeakValues } from './weak-values.ts';

const MOST_CLASSES = 100_000;
/** Longest path of Linux. */
const PATH_CHARACTERS = 4096;
const KINDS = ['idx', 'folder', 'cifar-10', 'cifar-100', 'module'] as const;
/** Side of an image, in pixels. */
const LARGEST_SIZE = 1024;
/** MiB. */
const MOST_MEMORY = 2 ** 20;
const DEFAULT_MEMORY = 4096;
const RULE = `\`fashion-mnist\` or an object with \`kind\` ${KINDS.slice(0, -1).join(', ')} or ${KINDS.at(-1)}`;

const path = (description: string) =>
  text(1, PATH_CHARACTERS, `${description} A relative path begins at the working directory of the trainers.`);

const idx = object(
  {
    kind: tag('idx', 'Files in the format of MNIST, plain or compressed by gzip.'),
    trainImages: path('Training images: count x height x width, or four dimensions with channels.'),
    trainLabels: path('Labels of the training images, from 0.'),
    testImages: path('Test images. Default: none.').optional(),
    testLabels: path('Labels of the test images. Default: none.').optional(),
    channels: oneOf(
      ['last', 'first'],
      'Dimension of the channels in files of four dimensions: the fourth or the second. Default: last.',
    ).default('last'),
    classes: integer(
      1,
      MOST_CLASSES,
      'Number of classes. Default: one more than the highest training label.',
    ).optional(),
  },
  'A data set in IDX files.',
).check((context) => {
  const { testImages, testLabels } = context.value;
  if ((testImages === undefined) === (testLabels === undefined)) return;
  context.issues.push({
    code: 'custom',
    input: context.value,
    path: [testImages === undefined ? 'testImages' : 'testLabels'],
    message: 'given, as its counterpart is',
  });
});

const imageFolder = object(
  {
    kind: tag('folder', 'JPEG, PNG and WebP files in a folder for each class.'),
    train: path('The folder that has the folders of the classes.'),
    test: path('The same for test images, such as the `val` of ImageNet. Default: none.').optional(),
    size: integer(
      8,
      LARGEST_SIZE,
      'Side in pixels: images are scaled by their shorter side and cut to the square in the middle.',
    ),
    shorterSide: integer(
      8,
      2 * LARGEST_SIZE,
      'Pixels that the shorter side is scaled to, at least `size`. Default: `size`.',
    ).optional(),
    cropFrom: oneOf(
      ['square', 'original'],
      'What the hyperparameter `smallestCrop` cuts from. square: the square above. original: the image in its file, ' +
        'which is decoded again each time. Default: square.',
    ).default('square'),
    memory: integer(
      0,
      MOST_MEMORY,
      'MiB that decoded images may take in each trainer. If they do not fit, images are decoded while training. ' +
        `Default: ${DEFAULT_MEMORY}.`,
    ).default(DEFAULT_MEMORY),
    colour: oneOf(['rgb', 'grey'], 'What images are converted to. Default: rgb.').default('rgb'),
    broken: oneOf(
      ['refuse', 'skip'],
      'What is done about files that are no images, or broken: refuse the data set, or leave them out and count ' +
        'them. Default: refuse.',
    ).default('refuse'),
  },
  'A data set in folders.',
).check((context) => {
  const { size, shorterSide } = context.value;
  if (shorterSide === undefined || shorterSide >= size) return;
  context.issues.push({
    code: 'custom',
    input: context.value,
    path: ['shorterSide'],
    message: `at least \`size\` (${size})`,
  });
});

const folder = path('The folder that has the files of the binary version.');
const cifar10 = object({ kind: tag('cifar-10', 'CIFAR-10.'), folder }, 'CIFAR-10 in its binary files.');
const cifar100 = object(
  {
    kind: tag('cifar-100', 'CIFAR-100.'),
    folder,
    labels: oneOf(
      ['fine', 'coarse'],
      'Whether to learn the 100 classes or the 20 superclasses. Default: fine.',
    ).default('fine'),
  },
  'CIFAR-100 in its binary files.',
);
const userModule = object(
  {
    kind: tag('module', 'Arrays from a module of your own.'),
    path: path('The module, JavaScript or TypeScript; docs/tasks.md says what it exports.'),
  },
  'A data set that a module gives.',
);

/** Schema of the setting `dataset`: a name, or where the files are. */
export const imageDataSet = z.union(
  [
    oneOf(['fashion-mnist'], 'A data set that set-up installs.'),
    z.discriminatedUnion('kind', [idx, imageFolder, cifar10, cifar100, userModule], {
      error: (issue) => (issue.code === 'invalid_union' ? listOf(KINDS) : RULE),
    }),
  ],
  { error: () => RULE },
);

/** The setting `dataset`, defaults filled in. */
export type ImageDataSetSetting = z.infer<typeof imageDataSet>;

/** The setting of a data set in folders. */
export type ImageFolderSetting = Extract<ImageDataSetSetting, { readonly kind: 'folder' }>;

/** Data sets that somebody still uses: TensorFlow has copies of its own of what is trained on. */
const loaded = new WeakValues<ImageDataSet | StreamedDataSet>();
/** The last one that is streamed stays, with the decoded images that it keeps. */
const lastStreamed = new LruCache<string, StreamedDataSet>(1);

/** Returns what changes if files of a data set change, or folders have others. That of Fashion-MNIST is verified. */
export function stampOfImages(setting: ImageDataSetSetting): string {
  if (setting === 'fashion-mnist') return '';
  switch (setting.kind) {
    case 'idx': {
      const { trainImages, trainLabels, testImages, testLabels } = setting;
      return stampOf([trainImages, trainLabels, testImages, testLabels].filter((path) => path !== undefined));
    }
    case 'folder':
      return stampOf(imageFolders(setting));
    case 'cifar-10':
      return stampOf(cifarFiles('cifar-10', setting.folder));
    case 'cifar-100':
      return stampOf(cifarFiles(`cifar-100-${setting.labels}`, setting.folder));
    case 'module':
      return stampOf([setting.path]);
    default:
      return setting satisfies never;
  }
}

/**
 * Returns a data set, read again only if its files have changed, or nobody has it any more. Images in folders may be
 * streamed. `progressed` is called for each image that is decoded.
 *
 * @throws DataSetError naming the file, the rule and what was found
 */
export function loadImages(
  setting: Exclude<ImageDataSetSetting, ImageFolderSetting>,
  dataDirectory: string,
  progressed?: () => void,
): Promise<ImageDataSet>;
export function loadImages(
  setting: ImageDataSetSetting,
  dataDirectory: string,
  progressed?: () => void,
): Promise<ImageDataSet | StreamedDataSet>;
export async function loadImages(
  setting: ImageDataSetSetting,
  dataDirectory: string,
  progressed?: () => void,
): Promise<ImageDataSet | StreamedDataSet> {
  const key = JSON.stringify([setting, dataDirectory, stampOfImages(setting)]);
  const known = loaded.get(key);
  const dataSet = known ?? (await load(setting, dataDirectory, progressed));
  if (!known) loaded.set(key, dataSet);
  if ('streamed' in dataSet) lastStreamed.set(key, dataSet);
  return dataSet;
}

/** Returns what people call a data set. */
export function imageDataSetLabel(setting: ImageDataSetSetting): string {
  return typeof setting === 'string' ? setting : setting.kind;
}

async function load(
  setting: ImageDataSetSetting,
  dataDirectory: string,
  progressed?: () => void,
): Promise<ImageDataSet | StreamedDataSet> {
  if (setting === 'fashion-mnist') return loadFashionMnist(dataDirectory);
  switch (setting.kind) {
    case 'idx':
      return loadIdx(setting);
    case 'folder':
      // Loads a library that others do without.
      return (await import('./image-folder.ts')).openImageFolder(setting, progressed);
    case 'cifar-10':
      return loadCifar('cifar-10', setting.folder);
    case 'cifar-100':
      return loadCifar(`cifar-100-${setting.labels}`, setting.folder);
    case 'module':
      return loadModule(setting.path);
    default:
      return setting satisfies never;
  }
}
