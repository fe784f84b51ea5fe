import { after, describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { historiesIn } from '../../../workers/replay/history-files.ts';
import { Replayer } from '../../../workers/replay/replayer.ts';
import { bundleForReplay } from '../../../workers/processes/workflow-bundle.ts';

const ROOT = join(import.meta.dirname, '../../..');
const RECORDED = join(ROOT, 'test/histories');

interface Edit {
  readonly file: string;
  /** Each text must occur in the file exactly once. */
  readonly replace: Readonly<Record<string, string>>;
}

/** Edits of decision code, with the path at which replay must find the change. */
const CHANGES: readonly (Edit & { readonly change: string; readonly path: RegExp })[] = [
  {
    change: 'exploit replaces a half instead of a quarter',
    file: 'algorithm/exploit.ts',
    replace: { 'Math.floor(size / 4)': 'Math.floor(size / 2)' },
    path: /\.copies\[\d+\]/,
  },
  {
    change: 'explore multiplies by another factor',
    file: 'algorithm/hyperparameters.ts',
    replace: {
      'const factor = choose(space.factors, stream);': 'const factor = choose(space.factors, stream) * 1.25;',
    },
    path: /\.hyperparameters\.h$/,
  },
  {
    change: 'the threshold of the verdict is wrong',
    file: 'algorithm/verdict.ts',
    replace: {
      'Math.max(0, 1 - evaluationSteps / maxEvalSteps)': 'Math.max(0, 1 - evaluationSteps / (2 * maxEvalSteps))',
    },
    path: /verdict/,
  },
  {
    change: 'evaluators get another child',
    file: 'algorithm/assignment.ts',
    replace: { 'fitness > best.fitness': 'fitness < best.fitness' },
    path: /\.(child|hyperparameters\.h)$/,
  },
  {
    change: 'an overlap begins a point later',
    file: 'algorithm/overlap.ts',
    replace: {
      'smoothedA.findIndex((score) => score >= startOfB)': 'smoothedA.findIndex((score) => score > startOfB + 0.05)',
      'smoothedB.findIndex((score) => score >= startOfA)': 'smoothedB.findIndex((score) => score > startOfA + 0.05)',
    },
    // The first command that shows it has the score of a member that the verdict promoted.
    path: /verdict|fitness|bestScore/,
  },
];

/** The same rule in other words: a local function under another name, an early return. */
const REFACTORING: Edit = {
  file: 'algorithm/exploit.ts',
  replace: {
    'const k = quarter(present.length, ranking.length);': 'const k = sizeOfQuarter(present.length, ranking.length);',
    'function quarter(size: number, ranked: number): number {':
      'function sizeOfQuarter(size: number, ranked: number): number {\n  if (ranked < 2) return 0;',
    'const ofAll = size >= 2 ? Math.max(1, Math.floor(size / 4)) : 0;':
      'const ofAll = size < 2 ? 0 : Math.max(Math.floor(size / 4), 1);',
  },
};

describe('a replay of the recorded histories', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-replayed-'));
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  after(() => rmSync(directory, { recursive: true }));

  it('finds that the code of this checkout decides the same', async () => {
    assert.deepEqual(await divergences(await bundleForReplay()), []);
  });

  for (const { change, path, ...edit } of CHANGES)
    it(`names the change if ${change}`, async () => {
      const [first] = await divergences(await bundleForReplay(edited(edit)), 'subPopulation', 1);
      assert.ok(first, 'a sub-population diverges');
      const named = /: event \d+, [A-Z]\w+: `([^`]+)` of \w+ is (.+), recorded as (.+)$/.exec(first);
      assert.ok(named, first);
      const [, where = '', replayed, recorded] = named;
      assert.match(where, path, first);
      assert.notEqual(replayed, recorded);
    });

  it('finds that refactored code decides the same', async () => {
    assert.deepEqual(await divergences(await bundleForReplay(edited(REFACTORING)), 'subPopulation'), []);
  });

  /** Copies the workflows, edits one file of the copy, and returns the folder. */
  function edited({ file, replace }: Edit): string {
    const copy = join(mkdtempSync(join(directory, 'copy-')), 'workflows');
    mkdirSync(copy);
    cpSync(join(ROOT, 'workflows'), copy, { recursive: true });
    let text = readFileSync(join(copy, file), 'utf8');
    for (const [from, to] of Object.entries(replace)) {
      assert.equal(text.split(from).length, 2, `${file} has \`${from}\` once`);
      text = text.replace(from, () => to);
    }
    writeFileSync(join(copy, file), text);
    return copy;
  }
});

/** Replays the histories, those of one workflow type if it is named, until `most` of them diverge. */
async function divergences(code: string, onlyType?: string, most = Infinity): Promise<string[]> {
  const replayer = new Replayer({ code });
  const found: string[] = [];
  try {
    for await (const { type, file, ...execution } of historiesIn([RECORDED])) {
      if (onlyType !== undefined && type !== onlyType) continue;
      const divergence = await replayer.findDivergence(execution);
      if (!divergence) continue;
      const { eventId, eventType, reason } = divergence;
      found.push(`${basename(file)}: event ${eventId}, ${eventType}: ${reason}`);
      if (found.length >= most) break;
    }
  } finally {
    await replayer.close();
  }
  return found;
}
