/**
 * All tasks by kind: a new one is added here, in the specification's schema and in hyperparameters.ts.
 */
import { fileURLToPath } from 'node:url';
import type { TaskSpecification } from '../specification/specification.ts';
import { imageClassification } from './image-classification/image-classification.ts';
import type { Task, TaskEnvironment } from './task.ts';
import { toy } from './toy.ts';

/** Where set-up puts data sets. */
export const DATA_DIRECTORY = fileURLToPath(new URL('../../.local/data', import.meta.url));

/** Returns the task that a specification names; loads nothing yet. */
export function taskOf(specification: TaskSpecification, environment: TaskEnvironment): Task {
  switch (specification.kind) {
    case 'image-classification':
      return imageClassification(specification, environment);
    case 'toy':
      return toy(specification);
    default:
      return specification satisfies never;
  }
}
