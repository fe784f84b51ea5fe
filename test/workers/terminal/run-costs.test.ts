import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunPlan } from '../../../activities/contracts/run.ts';
import { formatCosts } from '../../../workers/terminal/run-costs.ts';
import { toySpecification } from '../../workflows/stand-ins.ts';

const PLAN: RunPlan = {
  refused: [],
  warnings: [],
  generation: 'g',
  specification: toySpecification(),
  storage: { bucket: 'b', folder: 'p' },
  task: { label: 'toy/deceptive', score: 'score' },
  costs: {
    members: 16,
    evaluators: 6,
    rounds: 10,
    workerSteps: 4_400,
    trainActivities: 220,
    checkpointsKept: 88,
    histories: {
      rootEvents: 4_555,
      rootBytes: 4_503_589,
      roundEvents: 117,
      roundBytes: 217_753,
      largestPayloadBytes: 87_853,
    },
  },
  maxRounds: 1_000,
};

describe('the costs of a run', () => {
  const lines = formatCosts(PLAN).split('\n');

  test('describe the training in one line', () => {
    assert.ok(lines.includes('Training   at most 4,400 steps in 220 activities'), lines.join('\n'));
  });

  test('describe the storage without bytes if the task cannot estimate them', () => {
    assert.ok(lines.includes('Storage    at most 88 checkpoints'), lines.join('\n'));
    const withBytes = formatCosts({ ...PLAN, costs: { ...PLAN.costs, checkpointBytes: 407_920, storedBytes: 35.9e6 } });
    assert.match(withBytes, /^Storage {4}at most 88 checkpoints of 408 kB, 35\.9 MB in total$/m);
  });

  test('describe the histories in one line', () => {
    assert.ok(
      lines.includes(
        'Histories  at most 4,555 events, 4.5 MB (root); 117 events, 218 kB per round (others); 87.9 kB per message',
      ),
      lines.join('\n'),
    );
  });
});
