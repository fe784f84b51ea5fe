import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { joinEqual, scheduleCsv } from '../../../activities/runs/schedule.ts';

describe('an exported schedule', () => {
  it('joins neighbouring segments with equal hyperparameters in any order', () => {
    const segments = [
      { fromStep: 0, toStep: 200, hyperparameters: { learningRate: 0.1, momentum: 0.9 } },
      { fromStep: 200, toStep: 400, hyperparameters: { momentum: 0.9, learningRate: 0.1 } },
      { fromStep: 400, toStep: 600, hyperparameters: { learningRate: 0.05, momentum: 0.9 } },
      { fromStep: 600, toStep: 800, hyperparameters: { learningRate: 0.1, momentum: 0.9 } },
    ];
    assert.deepEqual(joinEqual(segments), [{ ...segments[0], toStep: 400 }, segments[2], segments[3]]);
    assert.equal(joinEqual([segments[0]!, segments[3]!]).length, 2, 'a gap is no neighbourhood');
    assert.deepEqual(joinEqual([]), []);
  });

  it('is CSV with quotes only if necessary, and with unrounded numbers', () => {
    const csv = scheduleCsv({
      segments: [
        {
          fromStep: 0,
          toStep: 200,
          hyperparameters: { momentum: 0.9, learningRate: 0.1 + 0.2, 'data, augmented': 'flip "x", crop' },
        },
        {
          fromStep: 200,
          toStep: 400,
          hyperparameters: { momentum: 0.9, learningRate: 1e-7, 'data, augmented': 'plain\nline' },
        },
        { fromStep: 400, toStep: 600, hyperparameters: { learningRate: 1 } },
      ],
    });
    assert.equal(
      csv,
      'from_step,to_step,"data, augmented",learningRate,momentum\n' +
        '0,200,"flip ""x"", crop",0.30000000000000004,0.9\n' +
        '200,400,"plain\nline",1e-7,0.9\n' +
        '400,600,,1,\n',
    );
  });
});
