import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawChart } from '../../../activities/report/chart.ts';

test('a chart rounds its coordinates, and leaves the numbers of its labels alone', async () => {
  const values = [
    { step: 0, rate: 0.0155, label: 'learning rate 0.0155' },
    { step: 1800, rate: 0.000283, label: 'learning rate 0.000283' },
    { step: 6001, rate: 0.0041, label: 'learning rate 0.0041, or 1e-7' },
  ];
  const { text } = await drawChart({
    description: 'Ends at 0.00041.',
    spec: {
      width: 333,
      data: { values },
      mark: { type: 'point', aria: true },
      encoding: {
        x: { field: 'step', type: 'quantitative' },
        y: { field: 'rate', type: 'quantitative' },
        description: { field: 'label' },
      },
    },
  });
  for (const { label } of values) assert.ok(text.includes(` aria-label="${label}"`), text);
  assert.match(text, /aria-label="Ends at 0\.00041\."/);
  const coordinates = [...text.replaceAll(/aria-label="[^"]*"|>[^<]*</g, '').matchAll(/\d+\.(\d+)/g)];
  assert.ok(coordinates.length > 0);
  for (const [number, decimals = ''] of coordinates) assert.equal(decimals.length, 1, number);
});
