/** The workflow types that a worker registers, and nothing else. */
export { firePbt } from './fire-pbt.ts';
export { pbt, randomSearch, retrace } from './baselines.ts';
export { subPopulation } from './sub-population.ts';
export { evaluator } from './evaluator.ts';
export { compare } from './compare.ts';
export { deleteRun } from './delete-run.ts';
