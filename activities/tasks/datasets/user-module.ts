/**
 * Images from a module of the user's own, in JavaScript or TypeScript:
 *
 * ```js
 * export default async () => ({
 *   shape: [32, 32, 3], classes: 4, trainImages: Uint8Array, trainLabels: [0, 3, …], testImages, testLabels,
 * });
 * ```
 */
import { resolve } from 'node:path';
import { firstLineOf } from '../first-line.ts';
import { importAgain } from '../import-again.ts';
import {
  checkedImages,
  DataSetError,
  unusable,
  type ImageDataSet,
  type ImageShape,
  type LabelledImages,
} from './data-set.ts';

/** What a module's default export is, or a function (it may be asynchronous) that returns it. */
export interface ModuleImages {
  /** Height, width, channels. */
  readonly shape: ImageShape;
  /** How many, or their names. */
  readonly classes: number | readonly string[];
  /** [count, height, width, channels], bytes from 0 to 255 or floats in any unit. */
  readonly trainImages: Uint8Array | Float32Array;
  /** From 0 to below the number of classes. */
  readonly trainLabels: ArrayLike<number>;
  readonly testImages?: Uint8Array | Float32Array;
  readonly testLabels?: ArrayLike<number>;
}

/**
 * Returns the data set that a module gives. A relative path is looked up in the working directory of the process.
 *
 * @throws DataSetError naming the file, the rule and what was found
 */
export async function loadModule(path: string): Promise<ImageDataSet> {
  const absolute = resolve(path);
  const given = await exported(absolute);
  const { shape, classes: classesGiven } = given;
  if (!isShape(shape))
    throw unusable(`${absolute} (shape)`, 'three integers from 1: height, width, channels', JSON.stringify(shape));
  const classNames = isNames(classesGiven) ? classesGiven : undefined;
  const classes = classNames?.length ?? classesGiven;
  if (typeof classes !== 'number' || !Number.isInteger(classes) || classes < 1)
    throw unusable(`${absolute} (classes)`, 'an integer from 1, or the names of the classes', typeof classesGiven);
  const part = (images: 'trainImages' | 'testImages', labels: 'trainLabels' | 'testLabels'): LabelledImages =>
    checkedImages(
      {
        images: `${absolute} (${images})`,
        labels: `${absolute} (${labels})`,
        pixels: pixelsOf(`${absolute} (${images})`, given[images]),
        classes: labelsOf(`${absolute} (${labels})`, given[labels]),
      },
      shape,
      classes,
    );
  const hasTest = given['testImages'] !== undefined || given['testLabels'] !== undefined;
  return {
    image: shape,
    classes,
    ...(classNames ? { classNames } : {}),
    training: part('trainImages', 'trainLabels'),
    ...(hasTest ? { test: part('testImages', 'testLabels') } : {}),
  };
}

async function exported(path: string): Promise<Record<string, unknown>> {
  let content: unknown;
  try {
    const { default: chosen } = (await importAgain(path)) as { readonly default?: unknown };
    content = typeof chosen === 'function' ? await (chosen as () => unknown)() : chosen;
  } catch (error) {
    throw new DataSetError(`Cannot load data module ${path}: ${firstLineOf(error)}`, error);
  }
  if (typeof content !== 'object' || content === null)
    throw unusable(path, 'a default export: an object, or a function that returns one', typeof content);
  return content as Record<string, unknown>;
}

function pixelsOf(where: string, value: unknown): Uint8Array | Float32Array {
  if (value instanceof Uint8Array || value instanceof Float32Array) return value;
  throw unusable(where, 'a Uint8Array or a Float32Array', nameOf(value));
}

function labelsOf(where: string, value: unknown): Int32Array {
  if (!Array.isArray(value) && !(ArrayBuffer.isView(value) && 'length' in value))
    throw unusable(where, 'an array of labels', nameOf(value));
  const labels = Array.from(value as ArrayLike<unknown>);
  const wrong = labels.findIndex((label) => !Number.isInteger(label));
  if (wrong !== -1) throw unusable(where, 'integers as labels', String(labels[wrong]));
  return Int32Array.from(labels as number[]);
}

function nameOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : String(value);
}

function isShape(value: unknown): value is ImageShape {
  return Array.isArray(value) && value.length === 3 && value.every((size) => Number.isInteger(size) && size >= 1);
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
