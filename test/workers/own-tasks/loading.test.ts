import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { loadTasks } from '../../../workers/own-tasks/loading.ts';

/** A folder outside the checkout, without package.json; characters that URIs treat as special. */
const directory = mkdtempSync(join(tmpdir(), 'own tasks #1 %20 '));
after(() => rmSync(directory, { recursive: true }));

function write(name: string, ...lines: readonly string[]): string {
  const file = join(directory, name);
  writeFileSync(file, lines.join('\n'));
  return file;
}

const task = (kind: string) =>
  `defineTask({ kind: '${kind}', description: '…', settings: z.strictObject({ size: z.int().max(9).default(1) }), ` +
  `hyperparameters: () => [], open: () => { throw new Error('no session'); } })`;
const IMPORT = "import { defineTask, z } from 'fire-pbt';";

describe('tasks of a user', () => {
  it('are loaded from TypeScript and JavaScript outside the checkout, where nothing is installed', async () => {
    mkdirSync(join(directory, 'parts'));
    write(
      'parts/shape.ts',
      "import { z } from 'zod';",
      'export const shape: z.ZodType = z.int();',
      'export enum A { B }',
    );
    const files = [
      write('one.ts', IMPORT, "import { shape } from './parts/shape.ts';", `export default ${task('one')}; shape;`),
      write('several.js', IMPORT, `export const a = ${task('two')};`, `export const b = ${task('three')}, c = 3;`),
      write('twice.mts', IMPORT, `export const four = ${task('four')};`, 'export default four;'),
    ];
    const tasks = await loadTasks(files);
    assert.deepEqual(tasks.kinds.slice(-4), ['one', 'two', 'three', 'four']);
    assert.ok(tasks.kinds.includes('toy'));
    const described = tasks.describe({ task: { kind: 'two', size: 4 }, threads: 1 });
    assert.ok('description' in described);
    assert.deepEqual(described.description.task, { kind: 'two', size: 4 });
  });

  it('find the packages that are installed beside them before those of the checkout', async () => {
    mkdirSync(join(directory, 'node_modules/zod'), { recursive: true });
    write('node_modules/zod/package.json', '{ "name": "zod", "type": "module", "exports": "./index.js" }');
    write('node_modules/zod/index.js', "export const z = 'another';");
    const file = write(
      'installed.ts',
      "import { z } from 'zod';",
      "import { defineTask, z as ours } from 'fire-pbt';",
      `export default ${task('installed').replaceAll('z.', 'ours.').replace('…', '${z}').replaceAll("'${z}'", 'z')};`,
    );
    assert.equal((await loadTasks([file])).kinds.at(-1), 'installed');
    rmSync(join(directory, 'node_modules'), { recursive: true });
  });

  const refused = (name: string, lines: readonly string[], message: RegExp): void =>
    void it(`are refused in one line: ${name}`, async () => {
      const file = write(`${name.replaceAll(' ', '-')}.ts`, ...lines);
      await assert.rejects(loadTasks([file]), ({ message: found }: Error) => {
        assert.match(found, message);
        assert.ok(found.includes(file) && !found.includes('\n'), found);
        return true;
      });
    });

  refused('no export', ['const hidden = 1; hidden;'], /^Expected .* to export a task .*, got no exports$/);
  refused(
    'no task exported',
    ['export const a = 1, b = {};'],
    /^Expected .* to export a task .*, got the exports `a`, `b`$/,
  );
  refused('a kind that ships', [IMPORT, `export default ${task('toy')};`], /: Cannot have two tasks of kind toy$/);
  refused(
    'two of one kind',
    [IMPORT, `export const a = ${task('same')};`, `export const b = ${task('same')};`],
    /: Cannot have two tasks of kind same$/,
  );
  refused(
    'no kind',
    ["export default { kind: 'No Kind', open: 1 };"],
    /: Expected the kind of a task .* got "No Kind"$/,
  );
  refused(
    'no schema',
    ["export default { kind: 'no-schema', open: 1 };"],
    /: Expected `settings` of task no-schema to be a zod schema/,
  );
  refused(
    'a syntax error',
    ['export default {;'],
    /^Cannot load .*a-syntax-error\.ts:1:16: ERROR: Expected identifier but found ";"$/,
  );
  refused(
    'an exception',
    ['const none: any = null;', 'none.x;'],
    /^Cannot load .*\(reading 'x'\) \(.*an-exception\.ts:2:6\)$/,
  );
  refused(
    'no package',
    ["import 'no-such-package';"],
    /^Cannot load .*Cannot find package 'no-such-package' imported from .*no-package\.ts$/,
  );

  it('are refused if there is no file', async () => {
    await assert.rejects(loadTasks(['/no/such/task.ts']), {
      name: 'UserError',
      message: 'Expected `--tasks` to be a file, got `/no/such/task.ts`',
    });
  });
});
