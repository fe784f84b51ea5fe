/** Set-up uses a Temporal CLI on the PATH if its server is new enough. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isServerNewEnough } from '../../../setup/steps/programs.mjs';

test('a Temporal CLI is accepted if its server has version 1.29 or later', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    ['temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)', true],
    ['temporal version 1.5.0 (Server 1.29.0, UI 2.41.0)', true],
    ['temporal version 1.0.0 (Server 1.24.2, UI 2.28.0)', false],
    ['temporal version 3.0.0 (Server 2.0.0, UI 3.0.0)', true],
    ['temporal: a tool for calendars', false],
    ['', false],
  ];
  for (const [said, expected] of cases) assert.equal(isServerNewEnough(said), expected, said);
});
