/**
 * What is found in the files of a data set before a run is planned. Broken contents of large folders are found later.
 */
import { inParallel } from '../../../workflows/population/in-parallel.ts';
import type { TaskComplaint } from '../../contracts/task.ts';
import { isOfMachine } from '../../system-errors.ts';
import { complaintOf } from '../datasets/complaint.ts';
import { requireFashionMnist } from '../datasets/fashion-mnist.ts';
import type { ImageFolderSetting } from '../datasets/image-data-sets.ts';
import { listImageFiles, squareShape, type ListedFiles } from '../datasets/image-files.ts';
import { firstLineOf } from '../first-line.ts';
import { missingFile } from '../missing-file.ts';
import type { SessionContext } from '../task.ts';
import type { ImageClassification } from './settings.ts';

/** Files whose beginning is read, spread evenly over all: as many as are read in the time. */
const MOST_LOOKED_AT = 1_000;
const LOOK_MS = 3_000;
const LOOKED_AT_ONCE = 4;
/** Broken files that are named. */
const MOST_NAMED = 5;
/** What `dataset` should be. */
const USABLE = 'a data set that can be used';

/** Returns every error that is found: folders or files that are missing, too few images, files that are no images. */
export async function checkImages(
  settings: ImageClassification,
  { dataDirectory }: Pick<SessionContext, 'dataDirectory'>,
): Promise<readonly TaskComplaint[]> {
  const { dataset } = settings;
  if (dataset === 'fashion-mnist') return checkFashionMnist(dataDirectory);
  switch (dataset.kind) {
    case 'folder':
      return checkFolder(settings, dataset);
    case 'idx':
      return (['trainImages', 'trainLabels', 'testImages', 'testLabels'] as const).flatMap((name) =>
        missingFile(['dataset', name], dataset[name]),
      );
    case 'cifar-10':
    case 'cifar-100':
      return missingFile(['dataset', 'folder'], dataset.folder);
    case 'module':
      return missingFile(['dataset', 'path'], dataset.path);
    default:
      return dataset satisfies never;
  }
}

function checkFashionMnist(dataDirectory: string): TaskComplaint[] {
  try {
    requireFashionMnist(dataDirectory);
    return [];
  } catch (error) {
    return [complaintOf(error, ['dataset'], USABLE)];
  }
}

async function checkFolder(settings: ImageClassification, dataset: ImageFolderSetting): Promise<TaskComplaint[]> {
  let files: ListedFiles;
  try {
    files = listImageFiles(dataset);
  } catch (error) {
    return [complaintOf(error, ['dataset'], USABLE)];
  }
  return [
    ...checkCounts(settings, files.train.count),
    ...checkChannels(settings, dataset),
    ...(await checkHeaders(files, dataset)),
  ];
}

function checkCounts(settings: ImageClassification, count: number): TaskComplaint[] {
  const { objectiveExamples, untouchedExamples, batchSize } = settings;
  const left = count - objectiveExamples - untouchedExamples;
  if (left >= batchSize) return [];
  const most = count - untouchedExamples - batchSize;
  const rule =
    `at most ${Math.max(0, most)}: ${count} training images, without ${untouchedExamples} for ` +
    `\`task.untouchedExamples\` and a batch of ${batchSize}`;
  return [{ path: ['objectiveExamples'], rule, got: String(objectiveExamples) }];
}

function checkChannels({ normalisation }: ImageClassification, dataset: ImageFolderSetting): TaskComplaint[] {
  const [, , channels] = squareShape(dataset);
  if (!normalisation || normalisation.mean.length === channels) return [];
  const rule = `one number a channel: ${channels} for \`${dataset.colour}\``;
  return [{ path: ['normalisation', 'mean'], rule, got: String(normalisation.mean.length) }];
}

async function checkHeaders({ train, test }: ListedFiles, { broken }: ImageFolderSetting): Promise<TaskComplaint[]> {
  // It loads a library that others do without.
  const { readSize } = await import('../datasets/image-decoding.ts');
  const count = train.count + (test?.count ?? 0);
  const pathOf = (index: number): string =>
    index < train.count || !test ? train.path(index) : test.path(index - train.count);
  const chosen = Math.min(count, MOST_LOOKED_AT);
  const indices = Array.from({ length: chosen }, (_, place) => Math.floor((place * count) / chosen));
  const until = performance.now() + LOOK_MS;
  const found: string[] = [];
  let looked = 0;
  await inParallel(LOOKED_AT_ONCE, indices, async (index) => {
    if (performance.now() > until) return;
    looked++;
    const path = pathOf(index);
    try {
      await readSize(path);
    } catch (error) {
      if (isOfMachine(error)) throw error;
      found.push(`${path}: ${firstLineOf(error)}`);
    }
  });
  if (broken === 'skip') {
    const allAreBroken = looked > 0 && found.length === looked;
    const got = `${looked} images, all broken: ${found[0]}`;
    return allAreBroken ? [{ path: ['dataset'], rule: USABLE, got }] : [];
  }
  return found
    .sort()
    .slice(0, MOST_NAMED)
    .map((file) => ({
      path: ['dataset'],
      rule: 'images that are not broken (or to have `"broken": "skip"`)',
      got: file,
    }));
}
