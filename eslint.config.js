/**
 * Lint: TypeScript's type-checked rules, and the walls between the rooms.
 *
 * A wall is worth having only while something holds it up: `test/walls.test.ts` shows each of them catching what it
 * forbids.
 */

import { builtinModules } from 'node:module';
import tseslint from 'typescript-eslint';

/** Operations of Math whose last bits differ between engines: what decides anything may use none of them. */
const INEXACT_MATH = [
  ...['exp', 'expm1', 'log', 'log1p', 'log2', 'log10', 'pow', 'cbrt', 'hypot'],
  ...['sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'atan2', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh'],
];

/** Globals that a replay would find different, with what to use in their place. */
const UNREPEATABLE_GLOBALS = {
  Date: 'workflow code has no clock: what matters is counted in rounds and steps.',
  performance: 'workflow code has no clock: what matters is counted in rounds and steps.',
  process: 'what matters to a run is in its specification, never in the environment of a worker.',
  Buffer: 'workflow code runs without Node.',
  fetch: 'whatever touches the world is an activity.',
  crypto: 'all randomness comes from the seed, through randomStream.',
  setInterval: 'use condition() or sleep() of @temporalio/workflow.',
  setImmediate: 'use condition() or sleep() of @temporalio/workflow.',
  Intl: 'results must not depend on the locale of a worker.',
  WeakRef: 'when garbage is collected must not decide anything.',
  FinalizationRegistry: 'when garbage is collected must not decide anything.',
  require: 'import statically, so that the bundler and lint see it.',
};

const NODE_MODULES = {
  regex: `^(node:.+|(${builtinModules.filter((name) => !name.startsWith('_')).join('|')})(/.*)?)$`,
  message: 'workflow code runs without Node.',
};
const HEAVY_PACKAGES = {
  regex: '^(@tensorflow|@aws-sdk|@smithy|@mapbox)/|^(tsx|sharp)(/|$)',
  message: 'whatever touches the world is an activity.',
};
const PROCESS_SIDE_OF_TEMPORAL = {
  regex: '^@temporalio/(?!(workflow|common)(/|$))',
  message: 'workflow code has @temporalio/workflow and @temporalio/common only.',
};
const ALL_OF_TEMPORAL = {
  regex: '^@temporalio/',
  message: 'the algorithm is pure functions on plain data: it knows nothing of Temporal.',
};
const VALUES_OF_ACTIVITIES = {
  regex: '/activities/',
  allowTypeImports: true,
  message: 'a workflow has the types of activities only (import type): their code never enters the bundle.',
};
const CODE_OF_WORKFLOWS = {
  regex: '/workflows/(?!(algorithm|population|validation)/)',
  message: 'an activity has the pure rooms of workflows/ only: algorithm, population and validation.',
};
const OUTER_ROOMS = {
  regex: '/(workers|setup|test)/',
  message: 'workers, set-up and tests stand outside: nothing inside imports them.',
};

const TASKS = {
  regex: '/(tasks|training)/|^@tensorflow/',
  message: 'an orchestrator knows no task: what depends on one comes from the trainers (describe).',
};
const NOT_IN_ACTIVITIES = [
  OUTER_ROOMS,
  CODE_OF_WORKFLOWS,
  {
    regex: '^@temporalio/(worker|workflow|envconfig|testing)(/|$)',
    message: 'an activity has @temporalio/activity, common and client only.',
  },
  {
    regex: '^(node:)?process$',
    message: 'only workers and set-up read the environment: pass in what an activity needs.',
  },
];

/**
 * The rules that hold both parts of workflows/ deterministic; `patterns` are the imports that the part must not have.
 */
function deterministic(patterns) {
  return {
    '@typescript-eslint/no-restricted-imports': ['error', { patterns }],
    'no-restricted-globals': [
      'error',
      ...Object.entries(UNREPEATABLE_GLOBALS).map(([name, message]) => ({ name, message })),
    ],
    'no-restricted-properties': [
      'error',
      { object: 'Math', property: 'random', message: 'all randomness comes from the seed, through randomStream.' },
      ...INEXACT_MATH.map((property) => ({
        object: 'Math',
        property,
        message: 'its last bits differ between engines: use workflows/algorithm/exponential.ts.',
      })),
      ...['localeCompare', 'toLocaleString', 'toLocaleUpperCase', 'toLocaleLowerCase'].map((property) => ({
        property,
        message: 'results must not depend on the locale of a worker.',
      })),
    ],
    'no-restricted-syntax': [
      'error',
      { selector: 'ImportExpression', message: 'import statically, so that the bundler and lint see it.' },
      {
        selector: "BinaryExpression[operator='**'], AssignmentExpression[operator='**=']",
        message: 'the last bits of a power differ between engines.',
      },
      {
        selector: "MemberExpression[object.name='Math'][computed=true]",
        message: 'name the operation, so that lint sees which it is.',
      },
      {
        selector:
          "MemberExpression[object.name='globalThis'], VariableDeclarator[init.name='Math'], " +
          "VariableDeclarator[init.name='globalThis'] > Identifier",
        message: 'name what you use, so that lint sees what it is.',
      },
    ],
  };
}

export default tseslint.config(
  { ignores: ['node_modules/', '.local/', 'dist/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // A contract says what is asynchronous; that one implementation of it has nothing to wait for is no fault.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    name: 'form: what Prettier does not decide',
    files: ['**/*.ts', '**/*.mjs', '**/*.js'],
    rules: { 'max-len': ['error', { code: 120 }] },
  },
  {
    name: 'form: one concept a file, one thought a function',
    files: ['workflows/**/*.ts', 'activities/**/*.ts', 'workers/**/*.ts'],
    rules: { 'max-lines': ['error', 300], 'max-lines-per-function': ['error', 60] },
  },
  {
    name: 'wall: workflows are deterministic',
    files: ['workflows/**/*.ts'],
    ignores: ['workflows/algorithm/**', 'workflows/population/**', 'workflows/validation/**'],
    rules: deterministic([NODE_MODULES, HEAVY_PACKAGES, PROCESS_SIDE_OF_TEMPORAL, VALUES_OF_ACTIVITIES, OUTER_ROOMS]),
  },
  {
    name: 'wall: the algorithm knows nothing of Temporal',
    files: ['workflows/algorithm/**/*.ts'],
    rules: {
      ...deterministic([NODE_MODULES, HEAVY_PACKAGES, ALL_OF_TEMPORAL, VALUES_OF_ACTIVITIES, OUTER_ROOMS]),
      // Numeric kernels walk arrays by index, where `!` says what the loop's bounds already do.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    name: 'wall: the state and the decisions of a sub-population, and validation, know nothing of Temporal',
    files: ['workflows/population/**/*.ts', 'workflows/validation/**/*.ts'],
    rules: deterministic([NODE_MODULES, HEAVY_PACKAGES, ALL_OF_TEMPORAL, VALUES_OF_ACTIVITIES, OUTER_ROOMS]),
  },
  {
    name: 'wall: activities know neither the processes around them nor the environment',
    files: ['activities/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: NOT_IN_ACTIVITIES }],
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'only workers and set-up read the environment: pass in what an activity needs.',
        },
      ],
    },
  },
  {
    name: 'wall: orchestrators know no task',
    files: [
      'activities/{comparison,contracts,operations,runs,specification,storage}/**/*.ts',
      'activities/orchestration.ts',
    ],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: [...NOT_IN_ACTIVITIES, TASKS] }],
    },
  },
  {
    name: 'wall: workers know no tests',
    files: ['workers/**/*.ts'],
    // Commands for developers run what ships on the harness of the tests.
    ignores: ['workers/bench/*.ts', 'workers/commands/chaos.ts', 'workers/commands/record-histories.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ regex: '/test/', message: 'tests stand outside: nothing inside imports them.' }] },
      ],
    },
  },
  {
    name: 'numeric kernels of the tasks',
    files: ['activities/tasks/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    name: 'tests',
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      // node:test runs what is declared; the promise that declaring returns is its own business.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'it', 'describe', 'suite'] },
          ],
        },
      ],
    },
  },
  {
    name: 'JavaScript with types in comments',
    files: ['**/*.mjs'],
    rules: {
      // These rules do not see a cast that is a comment; tsc does, and checks these files as strictly.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  { files: ['**/*.js'], ...tseslint.configs.disableTypeChecked },
);
