/**
 * The npm package: packed, installed from its tarball in an empty folder, and used there as the examples say. What
 * set-up would download is shared with this clone: TensorFlow's library, the two servers and the Python packages.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import typescript, { type CompilerOptions } from 'typescript';
import * as exported from '../activities/tasks/index.ts';
import { HELP } from '../workers/commands/help.mjs';
import { LOCAL, ROOT } from '../workers/processes/places.mjs';
import { endWithTest } from './workers/command.ts';
import { eventually } from './workers/eventually.ts';

const EXAMPLES = join(ROOT, 'examples');
const execute = promisify(execFile);

/** A file that another program packed. */
interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

describe('the npm package', { timeout: 600_000 }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt package '));
  const environment = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AWS|TEMPORAL|FIRE_PBT)_/.test(name))),
    PATH: [join(LOCAL, 'bin'), process.env['PATH']].join(delimiter),
  };
  let packed: Packed;

  before(async () => {
    const { stdout } = await execute('npm', ['pack', '--silent', '--json', '--pack-destination', directory], {
      cwd: ROOT,
      maxBuffer: 1e8,
    });
    [packed] = JSON.parse(stdout) as [Packed];
    const options = ['--prefer-offline', '--no-audit', '--no-fund', '--no-progress'];
    await execute('npm', ['install', ...options, join(directory, packed.filename)], { cwd: directory });
  });
  after(() => rmSync(directory, { recursive: true, maxRetries: 5 }));

  it('is small, and has neither tests nor histories', () => {
    assert.ok(packed.size < 2e6, `${packed.size} bytes`);
    const paths = packed.files.map(({ path }) => path);
    const folders = new Set(paths.map((path) => path.split('/')[0]));
    assert.deepEqual([...folders].sort(), [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist',
      'docs',
      'examples',
      'experiments',
      'package.json',
      'trainers',
    ]);
    const sources = paths.filter((path) => /\.ts$/.test(path) && !/\.d\.ts$/.test(path));
    assert.ok(
      sources.every((path) => path.startsWith('examples/')),
      sources.join(', '),
    );
    assert.deepEqual(
      paths.filter((path) => /(^|\/)(test|histories)\/|_test\./.test(path)),
      [],
    );
  });

  it('says what each command does, and sets nothing up for it', async () => {
    const overview = await npx('--help');
    for (const [command, text] of Object.entries(HELP)) {
      assert.match(overview, new RegExp(`^  npx fire-pbt ${command} +\\w`, 'm'));
      const { stdout } = await execute(program(), [command, '--help'], { cwd: directory, env: environment });
      // A clone has tests to set up.
      assert.deepEqual(optionsIn(stdout), optionsIn(text.replace('--tests', '')), command);
      assert.doesNotMatch(stdout, /\.local|checkout|npm run/, command);
    }
    assert.ok(!existsSync(join(directory, '.fire-pbt')));
  });

  it('exports what a task needs, with types that compile in a strict project', async () => {
    const names = "import('fire-pbt').then((all) => console.log(Object.keys(all).join()))";
    const { stdout } = await execute(process.execPath, ['--eval', names], { cwd: directory });
    assert.deepEqual(stdout.trim().split(','), Object.keys(exported).sort());

    writeFileSync(
      join(directory, 'use.ts'),
      `import { defineTask, z, type Session, type Tfjs } from 'fire-pbt';
       export const square = (one: Tfjs.Tensor): Tfjs.Tensor => one.square();
       export const savesIn = (session: Session): Promise<unknown> => Promise.resolve(session.save());
       export const settings: { size: number } = z.strictObject({ size: z.int() }).parse({ size: 1 });
       // @ts-expect-error: a task has a kind
       defineTask({ description: 'none' });
       // @ts-expect-error: a tensor is no text
       export const text: string = square(undefined as never);`,
    );
    cpSync(join(EXAMPLES, 'own-task'), directory, { recursive: true });
    const { ModuleKind, ModuleResolutionKind } = typescript;
    for (const [module, moduleResolution] of [
      [ModuleKind.NodeNext, ModuleResolutionKind.NodeNext],
      [ModuleKind.ESNext, ModuleResolutionKind.Bundler],
    ] as const)
      assert.deepEqual(typeErrors({ module, moduleResolution }), [], ModuleResolutionKind[moduleResolution]);
  });

  it('trains tasks in TypeScript and Python from an empty folder, alone and beside other runs', async () => {
    shareDownloads();
    const { tasks, line } = writeInputs();
    const alone = await start(['npx', 'fire-pbt', 'start', '--tasks', 'task.ts', ...input('points')]).ended;
    assert.equal(alone.code, 0, alone.output);
    assert.match(alone.output, /^ {2}TensorFlow: .* in \.fire-pbt\/tensorflow-/m);
    assert.doesNotMatch(alone.output, /Fashion-MNIST/);
    assert.match(alone.output, /^points is done: 4 rounds, 200 steps per member$/m);
    assert.match(alone.output, /^Winner {6}P1\/member-\d: objective 0\.\d{4}, test score 0\.\d{4}$/m);
    assert.match(alone.output, /^Result {6}\.fire-pbt\/state\/objects\//m);

    const holding = startCommand('start', ...input('broken'), ...tasks.flatMap((file) => ['--tasks', file]));
    await eventually(() => holding.output().includes('HOLDING'), 120_000);
    const place = `${join(directory, 'broken.ts')}:${line}:\\d+`;
    const hold = `^HOLDING: P[12]/member-\\d in round 1: Cannot .+: no luck \\(${place}\\) \\(TaskFailed\\)$`;
    assert.match(holding.output(), new RegExp(hold, 'm'));

    // The others use the stack that the holding run started.
    const python = await startPython();
    const [again, first] = await Promise.all([
      startCommand('start', ...input('points'), '--workflow-id', 'again').ended,
      startCommand('start', ...input('faults')).ended,
      refusesWhatATaskLacks(),
    ]);
    const second = await startCommand('start', ...input('faults'), '--workflow-id', 'faults-alone').ended;
    assert.match(first.output, /^faults is done: 4 rounds, 200 steps per member$/m);
    assert.match(first.output, /^Winner {6}P1\/member-\d: objective 0\.\d{4}, test accuracy 0\.\d{4}$/m);
    assert.equal(decisionsOf(again.output), decisionsOf(alone.output));
    assert.equal(decisionsOf(first.output), decisionsOf(second.output));

    python.child.kill('SIGTERM');
    assert.equal((await python.ended).code, 0, python.output());
    holding.child.kill('SIGINT');
    assert.equal((await holding.ended).code, 130, holding.output());
    const named = tasks.map((file) => ` --tasks ${file}`).join('');
    assert.match(holding.output(), /is saved\. Resume it with\n {2}npx fire-pbt start --input-file \S+/);
    assert.ok(holding.output().includes(`\n  npx fire-pbt stack${named}\n`), holding.output());
  });

  /** Starts runs that name what the task does not have, and one with a task that the stack does not have. */
  async function refusesWhatATaskLacks(): Promise<void> {
    const [setting, hyperparameter, other] = await Promise.all([
      startCommand('start', ...input('bad-setting')).ended,
      startCommand('start', ...input('bad-hyperparameter')).ended,
      startCommand('start', ...input('points'), '--tasks', 'other.ts').ended,
    ]);
    assert.equal(setting.code, 1, setting.output);
    assert.match(setting.output, /^Expected `task\.size` to be at least 1, got `0`$/m);
    assert.match(setting.output, /^Expected `task\.colour` to be absent/m);
    assert.equal(hyperparameter.code, 1, hyperparameter.output);
    const known = /^Expected `hyperparameters\.momentum` to be absent \(known for this task: learningRate\)/m;
    assert.match(hyperparameter.output, known);
    const file = join(directory, 'other.ts');
    assert.ok(other.output.includes(`Cannot use the running stack: its trainers have no tasks from ${file}; stop it`));
  }

  /**
   * Returns the errors in a strict project, and in the declarations of the package. Those of TensorFlow.js have errors,
   * which `skipLibCheck` hides from users.
   */
  function typeErrors(options: Pick<CompilerOptions, 'module' | 'moduleResolution'>): string[] {
    const files = ['use.ts', 'task.ts'].map((name) => join(directory, name));
    const types = { types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] };
    const target = typescript.ScriptTarget.ES2022;
    const project = typescript.createProgram(files, { strict: true, noEmit: true, target, ...types, ...options });
    const own = project
      .getSourceFiles()
      .filter(({ fileName }) => files.includes(fileName) || /\/fire-pbt\/dist\/(?!node_modules)/.test(fileName));
    assert.ok(own.some(({ fileName }) => fileName.endsWith('/dist/activities/tasks/index.d.ts')));
    return own
      .flatMap((file) => [...project.getSyntacticDiagnostics(file), ...project.getSemanticDiagnostics(file)])
      .map(
        ({ file, messageText }) => `${file?.fileName}: ${typescript.flattenDiagnosticMessageText(messageText, ' ')}`,
      );
  }

  /** Puts what set-up downloaded for this clone where set-up looks for it; the PATH has the two servers. */
  function shareDownloads(): void {
    for (const library of readdirSync(LOCAL).filter((name) => name.startsWith('tensorflow-'))) {
      mkdirSync(join(directory, '.fire-pbt', library), { recursive: true });
      for (const part of readdirSync(join(LOCAL, library)).filter((name) => !name.startsWith('binding-')))
        symlinkSync(join(LOCAL, library, part), join(directory, '.fire-pbt', library, part));
    }
  }

  /** Copies the examples, with shorter specifications. Writes a task that fails, and specifications with errors. */
  function writeInputs(): { readonly tasks: readonly string[]; readonly line: number } {
    for (const example of ['own-task', 'python']) cpSync(join(EXAMPLES, example), directory, { recursive: true });
    const task = readFileSync(join(EXAMPLES, 'own-task/task.ts'), 'utf8')
      .replace("kind: 'points'", "kind: 'broken'")
      .replace('const loss = () =>', "if (xy.shape[0] === 16) throw new Error('no luck');\n        const loss = () =>");
    writeFileSync(join(directory, 'broken.ts'), task);
    const [points, faults] = ['own-task', 'python'].map((example) => ({
      ...(JSON.parse(readFileSync(join(EXAMPLES, example, 'experiment.json'), 'utf8')) as object),
      steps: 200,
      subPopulations: [{ members: 4 }, { members: 4, evaluators: 1 }],
    }));
    const inputs = {
      points,
      faults,
      broken: { ...points, task: { kind: 'broken', file: 'points.csv' } },
      'bad-setting': { ...points, task: { kind: 'points', file: 'points.csv', size: 0, colour: 'red' } },
      'bad-hyperparameter': { ...points, hyperparameters: { learningRate: 0.1, momentum: 0.9 } },
    };
    for (const [name, specification] of Object.entries(inputs))
      writeFileSync(join(directory, `${name}.json`), JSON.stringify(specification));
    const line = task.split('\n').findIndex((one) => one.includes('no luck')) + 1;
    return { tasks: ['task.ts', 'broken.ts'], line };
  }

  function input(name: string): string[] {
    return ['--input-file', `${name}.json`];
  }

  /** Installs the Python package from the npm package, and starts a trainer that finds the stack. */
  async function startPython() {
    const installed = JSON.parse(readFileSync(join(LOCAL, 'python/installed.json'), 'utf8')) as { python: string };
    const target = join(directory, 'python-packages');
    const source = join(directory, 'node_modules/fire-pbt/trainers/python');
    const options = ['--quiet', '--no-deps', '--disable-pip-version-check', '--target', target];
    await execute(installed.python, ['-m', 'pip', 'install', ...options, source]);
    const PYTHONPATH = [target, join(LOCAL, 'python/packages')].join(delimiter);
    const trainer = join(target, 'bin/fire-pbt-trainer');
    const python = start([trainer, 'task.py', '--task-queue', 'python-trainers', '--stack', '.fire-pbt'], {
      PYTHONPATH,
    });
    await eventually(() => /^Trains faults for task queue python-trainers$/m.test(python.output()), 60_000);
    return python;
  }

  function program(): string {
    return join(directory, 'node_modules/.bin/fire-pbt');
  }

  async function npx(...args: readonly string[]): Promise<string> {
    return (await execute('npx', ['fire-pbt', ...args], { cwd: directory, env: environment })).stdout;
  }

  function startCommand(...args: readonly string[]) {
    return start([program(), ...args]);
  }

  /** Starts a program in the folder, with its output in one text. */
  function start([command = '', ...args]: readonly string[], variables: Readonly<Record<string, string>> = {}) {
    const child = spawn(command, args, {
      cwd: directory,
      env: { ...environment, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    endWithTest(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    return {
      child,
      output: () => output,
      ended: once(child, 'close').then(([code]) => ({ code: code as number | null, output })),
    };
  }
});

/** Returns the options that a help text names at the beginnings of lines. */
function optionsIn(help: string): string[] {
  return [...help.matchAll(/^ +(--[a-z-3]+)/gm)].map(([, option = '']) => option);
}

/** Returns the digest of the decisions that a summary names. */
function decisionsOf(summary: string): string {
  const digest = /^Decisions {3}sha256 (\w{16})…/m.exec(summary)?.[1];
  assert.ok(digest, summary);
  return digest;
}
