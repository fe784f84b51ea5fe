/**
 * Image files in a folder for each class: which there are.
 */
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { firstLineOf } from '../first-line.ts';
import { DataSetError, unusable, type ImageShape } from './data-set.ts';

const CHANNELS = { rgb: 3, grey: 1 } as const;
const SUFFIXES = /\.(jpe?g|png|webp)$/i;

/** Returns the shape of the squares that files become. */
export function squareShape({ size, colour }: { readonly size: number; readonly colour: 'rgb' | 'grey' }): ImageShape {
  return [size, size, CHANNELS[colour]];
}

/** Files of images with their classes, in the order of class and name. */
export class ImageFiles {
  /** Classes by number. */
  readonly #classNames: readonly string[];
  readonly #root: string;
  readonly #names: readonly string[];
  /** Class of each file. */
  readonly labels: Int32Array;

  constructor(root: string, classNames: readonly string[], files: readonly (readonly [label: number, name: string])[]) {
    this.#root = root;
    this.#classNames = classNames;
    this.#names = files.map(([, name]) => name);
    this.labels = Int32Array.from(files, ([label]) => label);
  }

  get count(): number {
    return this.#names.length;
  }

  path(index: number): string {
    return join(this.#root, this.#classNames[this.labels[index]!]!, this.#names[index]!);
  }
}

/** The files of a data set. */
export interface ListedFiles {
  readonly classNames: readonly string[];
  readonly train: ImageFiles;
  readonly test?: ImageFiles;
}

/**
 * Lists the files in the folders. Those with other names than *.jpg, *.jpeg, *.png and *.webp are left out.
 *
 * @throws DataSetError naming the folder, the rule and what was found
 */
export function listImageFiles(folders: { readonly train: string; readonly test?: string | undefined }): ListedFiles {
  const root = resolve(folders.train);
  const classNames = classesIn(root);
  const train = filesIn(root, classNames, classNames);
  const labels = new Set(train.labels);
  const empty = classNames.find((_, label) => !labels.has(label));
  if (empty !== undefined) throw unusable(join(root, empty), 'at least one .jpg, .jpeg, .png or .webp file', 'none');
  if (folders.test === undefined) return { classNames, train };
  const testRoot = resolve(folders.test);
  const test = filesIn(testRoot, foldersIn(testRoot), classNames);
  if (test.count === 0) throw unusable(testRoot, 'images in the folders of some classes', 'none');
  return { classNames, train, test };
}

/**
 * Returns the names of the classes that a folder has folders for, sorted by their code units.
 *
 * @throws DataSetError if there is none, or only one
 */
export function classesIn(folder: string): string[] {
  const root = resolve(folder);
  const names = foldersIn(root);
  if (names.length < 2) throw unusable(root, 'a folder for each of at least two classes', names.length);
  return names;
}

/** Returns the folders whose files are images of a data set, and the folders that have these. */
export function imageFolders(folders: { readonly train: string; readonly test?: string | undefined }): string[] {
  const roots = [folders.train, ...(folders.test === undefined ? [] : [folders.test])];
  return roots.flatMap((root) => [root, ...foldersIn(root).map((name) => join(root, name))]);
}

/** Returns the names of the folders in a folder, sorted by their code units. */
function foldersIn(folder: string): string[] {
  return entriesOf(folder)
    .filter((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory())
    .sort();
}

function filesIn(root: string, present: readonly string[], classNames: readonly string[]): ImageFiles {
  const labels = new Map(classNames.map((name, label) => [name, label]));
  const files = present.flatMap((name) => {
    const label = labels.get(name);
    if (label === undefined)
      throw unusable(join(root, name), 'the name of a class that the training images have', name);
    return entriesOf(join(root, name))
      .filter((file) => SUFFIXES.test(file))
      .sort()
      .map((file) => [label, file] as const);
  });
  return new ImageFiles(root, classNames, files);
}

/** Returns the names in a folder, without hidden ones. */
function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch (error) {
    throw new DataSetError(`Cannot read image folder ${folder}: ${firstLineOf(error)}`, error);
  }
}
