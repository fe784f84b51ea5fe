/**
 * Reinforcement learning: an agent learns continuous control by V-MPO (Song et al., arXiv 1909.12238).
 */
import { defineTask } from '../define-task.ts';
import { checkEnvironment } from './check-environment.ts';
import { estimateCheckpointBytes } from './checkpoint-size.ts';
import { hyperparametersOf, settings, type ReinforcementLearning } from './settings.ts';
import { openAgent } from './session.ts';

/** Trains an agent in an environment. */
export const reinforcementLearning = defineTask<ReinforcementLearning>({
  kind: 'reinforcement-learning',
  description: 'Train an agent in an environment by V-MPO; the score is the mean return of its episodes.',
  settings,
  hyperparameters: hyperparametersOf,
  label: ({ environment }) => (typeof environment === 'string' ? environment : 'own-environment'),
  score: ({ score }) => (score === 'training' ? 'return' : 'evaluation-return'),
  check: checkEnvironment,
  checkpointBytes: estimateCheckpointBytes,
  open: openAgent,
});
