import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate } from '../../../workflows/population/simulation.ts';
import { toySpecification, toyTraining } from '../stand-ins.ts';

test('a run decides the same without switches and with each switch as in the paper', async () => {
  const asThePaper = {
    patience: 0,
    childReplaced: 'end',
    against: 'child',
    stopping: 'binomial-test',
    shifts: true,
    ranking: 'improvement',
    promotes: true,
  } as const;
  const plain = toySpecification({ steps: 400 });
  const [without, withAll] = [
    await simulate(plain, toyTraining),
    await simulate({ ...plain, evaluation: { ...plain.evaluation, ...asThePaper } }, toyTraining),
  ];
  assert.deepEqual(withAll.decisions, without.decisions);
  assert.ok((without.populations[0]?.promotions ?? 0) > 0, 'something was promoted');
});

test('each switch of the evaluation changes the decisions of a run', async () => {
  const plain = toySpecification({ steps: 600 });
  const without = JSON.stringify((await simulate(plain, toyTraining)).decisions);
  for (const evaluationSwitches of [
    { patience: 40 },
    { childReplaced: 'follow' },
    { against: 'anyone' },
    { stopping: 'fixed-length' },
    { shifts: false },
    { ranking: 'score' },
    { promotes: false },
  ] as const) {
    const { decisions } = await simulate(
      { ...plain, evaluation: { ...plain.evaluation, ...evaluationSwitches } },
      toyTraining,
    );
    assert.ok(JSON.stringify(decisions) !== without, Object.keys(evaluationSwitches).join());
  }
});
