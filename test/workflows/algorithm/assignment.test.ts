import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseChild, chooseParents, randomStream } from '../../../workflows/algorithm/index.ts';
import type { Candidate, ChildCandidate } from '../../../workflows/algorithm/index.ts';

const candidates: readonly Candidate[] = [
  { member: 0, available: true, idleSinceStep: 400, exploitedLast: false },
  { member: 1, available: true, idleSinceStep: 0, exploitedLast: true },
  { member: 2, available: true, idleSinceStep: 200, exploitedLast: false },
  { member: 3, available: false, idleSinceStep: 0, exploitedLast: false },
  { member: 4, available: true, idleSinceStep: 200, exploitedLast: false },
  { member: 5, available: true, idleSinceStep: 600, exploitedLast: true },
  { member: 6, available: true, idleSinceStep: 600, exploitedLast: false },
];

test('parents are the oldest first; at equal age exploited ones come last, then the number decides', () => {
  assert.deepEqual(parents('oldest-first'), [1, 2, 4, 0, 6, 5]);
});

test('youngest-first reverses the order of age, not of numbers', () => {
  assert.deepEqual(parents('youngest-first'), [5, 6, 0, 2, 4, 1]);
});

test('idle slots get parents in their order, until no parent is left', () => {
  assert.deepEqual(chooseParents([1, 4], candidates, 'oldest-first'), [
    { slot: 1, parent: 1 },
    { slot: 4, parent: 2 },
  ]);
  assert.deepEqual(chooseParents([0], [], 'oldest-first'), []);
  assert.deepEqual(chooseParents([], candidates, 'oldest-first'), []);
});

test('at the start, evaluators take the first members', () => {
  const fresh = Array.from({ length: 8 }, (_, member) => ({
    member,
    available: true,
    idleSinceStep: 0,
    exploitedLast: false,
  }));
  assert.deepEqual(
    chooseParents([0, 1, 2, 3, 4, 5], fresh, 'oldest-first').map(({ parent }) => parent),
    [0, 1, 2, 3, 4, 5],
  );
});

test('the child is the best-ranked member that has not just explored', () => {
  assert.equal(
    child([ranked(0, 3), ranked(1, 9, { justExplored: true }), ranked(2, 7), ranked(3, 8, { healthy: false })]),
    2,
  );
  assert.equal(child([ranked(2, 7), ranked(1, 7), ranked(0, -1)]), 1, 'of equals, the lower number');
  assert.equal(child([ranked(0, null), ranked(1, -5)]), 1, 'any rank goes before none');
});

test('without ranked members, the child is a random one that has not just explored', () => {
  const children = [
    ranked(0, null),
    ranked(1, null, { justExplored: true }),
    ranked(2, null),
    ranked(3, null, { healthy: false }),
    ranked(4, 5, { justExplored: true }),
  ];
  const counts = new Map<number | undefined, number>();
  for (let seed = 0; seed < 1000; seed++)
    counts.set(child(children, seed), (counts.get(child(children, seed)) ?? 0) + 1);
  assert.deepEqual([...counts.keys()].sort(), [0, 2]);
  assert.ok(Math.abs((counts.get(0) ?? 0) - 500) < 65);
});

test('if all members just explored, the child is a random healthy one, or none', () => {
  const explored = [
    ranked(0, 1, { justExplored: true, healthy: false }),
    ranked(1, 2, { justExplored: true }),
    ranked(2, null, { justExplored: true }),
  ];
  const chosen = new Set(Array.from({ length: 50 }, (_, seed) => child(explored, seed)));
  assert.deepEqual([...chosen].sort(), [1, 2]);
  assert.equal(child([ranked(0, 1, { healthy: false })]), undefined);
  assert.equal(child([]), undefined);
});

function parents(order: 'oldest-first' | 'youngest-first'): number[] {
  return chooseParents([0, 1, 2, 3, 4, 5, 6], candidates, order).map(({ parent }) => parent);
}

function ranked(member: number, fitness: number | null, changes: Partial<ChildCandidate> = {}): ChildCandidate {
  return { member, healthy: true, fitness, justExplored: false, ...changes };
}

function child(children: readonly ChildCandidate[], seed = 0): number | undefined {
  return chooseChild(children, randomStream(seed, 'child'));
}
