import assert from 'node:assert/strict';
import { it } from 'node:test';
import { hyperparameterColumns } from '../../../workflows/population/hyperparameter-columns.ts';

it('hyperparameters have a column where rows differ, and are named once where they do not', () => {
  assert.deepEqual(
    hyperparameterColumns([
      { momentum: 0.9, learningRate: 0.0123456, activation: 'relu' },
      { momentum: 0.9, learningRate: 0.01, activation: 'relu' },
    ]),
    { names: ['learningRate'], cells: [['0.0123'], ['0.01']], same: 'activation relu, momentum 0.9' },
  );
});

it('a range or several choices always have a column, as does everything of a single row', () => {
  const range = { h: { min: 0.1, max: 1 }, activation: ['relu', 'tanh'] };
  assert.deepEqual(hyperparameterColumns([range, range]), {
    names: ['activation', 'h'],
    cells: [
      ['relu, tanh', '0.1 … 1'],
      ['relu, tanh', '0.1 … 1'],
    ],
    same: null,
  });
  assert.deepEqual(hyperparameterColumns([{ h: 1 }]), { names: ['h'], cells: [['1']], same: null });
  assert.deepEqual(hyperparameterColumns([]), { names: [], cells: [], same: null });
});
