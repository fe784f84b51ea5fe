import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { lockStack, type StackRecord } from '../../../workers/stack/running-stack.ts';
import { startObjectServer } from '../../object-server.ts';
import type { ObjectServer } from '../../object-server.ts';
import { freePort } from '../../../workers/processes/ports.ts';
import { runCommand } from '../command.ts';
import type { Ended } from '../command.ts';

const RUN = 'compared%2FFIRE%2Fseed-0/01a20b17-c1d9-7efc-ab03-c8e8a2490930';
const TASK = { kind: 'toy', variant: 'plain' };
/** A result as result.ts writes it, including fields that are not exported. */
const RESULT = {
  workflowId: 'compared/FIRE/seed-0',
  algorithm: 'FIRE PBT',
  seed: 0,
  rounds: 3,
  steps: 60,
  winner: { member: 'P1/member-0', objective: 0.5, checkpoint: { sha256: '0' } },
  testScore: 0.5,
  promotions: [1, 0],
  verdicts: {},
  decisionsSha256: null,
  schedule: [
    {
      worker: 'P2/member-1',
      origin: 'initialised',
      fromStep: 0,
      toStep: 20,
      hyperparameters: { learningRate: 0.1, kind: 'a,b' },
    },
    {
      worker: 'P2/evaluator-0',
      origin: 'evaluation',
      fromStep: 20,
      toStep: 40,
      hyperparameters: { learningRate: 0.1, kind: 'a,b' },
    },
    {
      worker: 'P1/member-0',
      origin: 'promotion',
      fromStep: 40,
      toStep: 60,
      hyperparameters: { learningRate: 0.012345678901234567, kind: 'c' },
    },
  ],
  storage: { bucket: 'fire-pbt', folder: RUN },
  resultKey: `${RUN}/result/result.json`,
  specification: {
    ...{ task: TASK, steps: 80, stepsPerRound: 20, evalEvery: 1, hyperparameters: {}, threads: 1 },
    subPopulations: [{ members: 2, evaluators: 0 }],
  },
};
const EXPORTED = {
  format: 'fire-pbt-schedule/1',
  task: TASK,
  steps: 60,
  stepsPerRound: 20,
  evalEvery: 1,
  segments: [
    { fromStep: 0, toStep: 40, hyperparameters: { learningRate: 0.1, kind: 'a,b' } },
    { fromStep: 40, toStep: 60, hyperparameters: { learningRate: 0.012345678901234567, kind: 'c' } },
  ],
};

/** What people set for other programs. */
const OTHER_CREDENTIALS = { AWS_PROFILE: 'work', AWS_ACCESS_KEY_ID: 'OTHER', AWS_SECRET_ACCESS_KEY: 'of-no-use-here' };

/** The SDK finds nothing. */
const NO_STORE = {
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
};

describe('npm run schedule', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-schedule-'));
  let server: ObjectServer;
  before(async () => {
    server = await startObjectServer();
    const objects = new ObjectStore(server.options);
    await objects.ensureBucket('fire-pbt');
    await objects.ensureBucket('other');
    await objects.put('fire-pbt', `${RUN}/result/result.json`, JSON.stringify(RESULT));
    await objects.put('other', 'begun/run-1/specification.json', '{}');
    await objects.put('other', 'odd/run-1/result/result.json', JSON.stringify({ ...RESULT, schedule: [] }));
    await objects.put('other', 'cut/run-1/result/result.json', '{"steps":');
    await objects.close();
  });
  after(async () => {
    await server.stop();
    rmSync(directory, { recursive: true });
  });
  const schedule = (...options: string[]): Promise<Ended> =>
    runCommand('schedule.ts', ['--directory', directory, ...options], server.environment);

  it("prints the winner's complete schedule as JSON, with unrounded numbers", async () => {
    const { code, output, errors } = await schedule('--run', RUN);
    assert.equal(code, 0, errors);
    assert.deepEqual(JSON.parse(output), EXPORTED);
  });

  it('writes the schedule as CSV to a file', async () => {
    const file = join(directory, 'schedule.csv');
    const { code, output, errors } = await schedule('--run', RUN, '--format', 'csv', '--output', file);
    assert.equal(code, 0, errors);
    assert.equal(output, `Wrote 2 segments to ${file}\n`);
    assert.equal(
      readFileSync(file, 'utf8'),
      'from_step,to_step,kind,learningRate\n0,40,"a,b",0.1\n40,60,c,0.012345678901234567\n',
    );
  });

  it("finds the store of the running local stack, or the user's own that it uses, unless one is named", async () => {
    const stateDirectory = join(directory, 'state');
    const lock = await lockStack(stateDirectory);
    const credentialsFile = join(stateDirectory, 's3-credentials');
    mkdirSync(stateDirectory, { recursive: true });
    const { AWS_ENDPOINT_URL_S3: endpoint = null, ...own } = server.environment;
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = own;
    writeFileSync(credentialsFile, `[default]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`);
    const found = async (s3: StackRecord['s3'], environment: Readonly<Record<string, string>>): Promise<void> => {
      lock?.publish({
        ...{ pid: process.pid, queue: 'fire-pbt', trainers: 1, threads: 1, tasks: [], pages: '' },
        temporal: { address: '127.0.0.1:1', namespace: 'default', webUi: null, own: false },
        s3,
      });
      const ended = await runCommand('schedule.ts', ['--directory', directory, '--run', RUN], environment);
      assert.equal(ended.code, 0, ended.errors);
      assert.deepEqual(JSON.parse(ended.output), EXPORTED);
    };
    try {
      await found({ endpoint, credentialsFile, folder: null, own: false }, {});
      await found({ endpoint, credentialsFile, folder: null, own: false }, OTHER_CREDENTIALS);
      await found({ endpoint, credentialsFile: null, folder: null, own: true }, own);
    } finally {
      await lock?.release();
    }
  });

  it('serves what a stopped local stack stored in the directory, and ends the server', async () => {
    const stateDirectory = join(directory, 'stopped', 'state');
    cpSync(server.folder, join(stateDirectory, 'objects'), { recursive: true });
    writeFileSync(
      join(stateDirectory, 's3-credentials'),
      '[default]\naws_access_key_id = STOPPEDSTACK\naws_secret_access_key = a-secret-of-a-test\n',
    );
    const options = ['--directory', join(directory, 'stopped'), '--run', RUN];
    const { code, output, errors } = await runCommand('schedule.ts', options, OTHER_CREDENTIALS);
    assert.equal(code, 0, errors);
    assert.deepEqual(JSON.parse(output), EXPORTED);
  });

  it('says in one line why it cannot export a schedule', async () => {
    const nowhere = { ...server.environment, AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${await freePort()}` };
    mkdirSync(join(directory, 'empty', 'state'), { recursive: true });
    const cases: [Promise<Ended>, RegExp][] = [
      [
        schedule('--run', 'unheard-of/run-1'),
        /^Cannot export the schedule of unheard-of\/run-1: there is no such run in bucket fire-pbt$/,
      ],
      [
        schedule('--run', RUN, '--bucket', 'nowhere'),
        /^Cannot export the schedule of compared\S+: there is no bucket nowhere$/,
      ],
      [
        schedule('--run', 'begun/run-1', '--bucket', 'other'),
        new RegExp(
          String.raw`^Cannot export the schedule of begun\/run-1: it is not finished, or it failed: there ` +
            String.raw`is no result\/result\.json yet$`,
        ),
      ],
      [
        schedule('--run', 'odd/run-1', '--bucket', 'other'),
        new RegExp(
          String.raw`^Cannot export the schedule of odd\/run-1: ` +
            String.raw`s3:\/\/other\/odd\/run-1\/result\/result\.json is no result: ` +
            String.raw`expected .schedule. to be at least .+$`,
        ),
      ],
      [
        schedule('--run', 'cut/run-1', '--bucket', 'other'),
        new RegExp(
          String.raw`^Cannot export the schedule of cut\/run-1: ` +
            String.raw`s3:\/\/other\/cut\/run-1\/result\/result\.json is no result: expected JSON, got something else$`,
        ),
      ],
      [schedule('--run', RUN, '--format', 'yaml'), /^Expected `--format` to be json or csv, got `yaml`$/],
      [
        schedule('--run', 'my-run'),
        new RegExp(
          String.raw`^Expected .--run. to be the folder of a run, .<workflow id>\/<first run id>., got ` +
            String.raw`.my-run.\. --help lists the options\.$`,
        ),
      ],
      [schedule(), /^Expected `--run` to be .*, got `nothing`\..*$/],
      [schedule('--run', RUN, '--output', join(directory, 'no', 'folder')), /^Cannot write \S+folder: ENOENT.*$/],
      [
        runCommand('schedule.ts', ['--directory', directory, '--run', RUN], nowhere),
        /^Cannot get s3:\/\/\S+: the store does not answer \(ECONNREFUSED\)$/,
      ],
      [
        runCommand('schedule.ts', ['--directory', directory, '--run', RUN], {
          ...server.environment,
          AWS_SECRET_ACCESS_KEY: 'wrong',
        }),
        /^Cannot get s3:\/\/\S+: the store refuses these credentials .*$/,
      ],
      [
        runCommand('schedule.ts', ['--directory', join(directory, 'empty'), '--run', RUN], NO_STORE),
        new RegExp(
          String.raw`^Cannot get s3:\/\/\S+: .*Region is missing.*; no local stack has stored objects in \S+empty ` +
            String.raw`and AWS_\w+ is not set: start a stack with .npm run stack -- --directory \S+.$`,
        ),
      ],
      [
        runCommand('schedule.ts', ['--directory', join(directory, 'none'), '--run', RUN], OTHER_CREDENTIALS),
        /^Expected `--directory` to be the directory of a local stack, got `\S+none`: no stack has run there$/,
      ],
    ];
    for (const [ending, message] of cases) {
      const { code, output, errors } = await ending;
      assert.match(errors.trimEnd(), message);
      assert.deepEqual([code, output], [1, '']);
    }
  });
});
