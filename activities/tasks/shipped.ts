/**
 * The tasks that ship: a new one is added here.
 */
import { fileURLToPath } from 'node:url';
import type { TaskDefinition } from './define-task.ts';
import { imageClassification } from './image-classification/image-classification.ts';
import { reinforcementLearning } from './reinforcement-learning/reinforcement-learning.ts';
import { TaskRegistry } from './registry.ts';
import { tabular } from './tabular/tabular.ts';
import { toy } from './toy.ts';

export const SHIPPED_TASKS: readonly TaskDefinition[] = [imageClassification, tabular, reinforcementLearning, toy];

/** Returns a registry of the shipped tasks, and of those that a user brings. */
export function registryWith(definitions: readonly TaskDefinition[] = []): TaskRegistry {
  return new TaskRegistry([...SHIPPED_TASKS, ...definitions]);
}

/** Where set-up puts data sets in a clone. */
export const DATA_DIRECTORY = fileURLToPath(new URL('../../.local/data', import.meta.url));
