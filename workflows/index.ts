/** The workflow types that a worker registers, and nothing else. The default is run for every other type. */
export { default } from './run/unknown-type.ts';
export { firePbt } from './run/fire-pbt.ts';
export { pbt, randomSearch, retrace } from './run/baselines.ts';
export { subPopulation } from './sub-population/sub-population.ts';
export { evaluator } from './sub-population/evaluator.ts';
export { compare } from './comparison/compare.ts';
export { deleteRun } from './run/delete-run.ts';
