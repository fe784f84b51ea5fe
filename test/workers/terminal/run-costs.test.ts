import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunPlan } from '../../../activities/contracts/run.ts';
import { formatCosts } from '../../../workers/terminal/run-costs.ts';
import { toySpecification } from '../../workflows/stand-ins.ts';

const costs = { members: 16, evaluators: 6, rounds: 10, workerSteps: 4_400, trainActivities: 220, checkpointsKept: 88 };
const plan: RunPlan = {
  refused: [],
  generation: 'g',
  specification: toySpecification(),
  storage: { bucket: 'b', folder: 'p' },
  costs,
};

describe('the costs of a run', () => {
  test('describe the histories in one line', () => {
    const histories = {
      rootEvents: 4_555,
      rootBytes: 4_503_589,
      roundEvents: 117,
      roundBytes: 217_753,
      largestPayloadBytes: 87_853,
    };
    const lines = formatCosts({ ...plan, costs: { ...costs, histories } }).split('\n');
    assert.ok(
      lines.includes(
        'Histories  at most 4,555 events, 4.5 MB (root); 117 events, 218 kB per round (others); 87.9 kB per message',
      ),
      lines.join('\n'),
    );
  });

  test('omit histories that the plan does not estimate', () => {
    assert.doesNotMatch(formatCosts(plan), /Histories/);
  });
});
