import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { StackRecord } from '../../../workers/stack/running-stack.ts';
import { formatStack } from '../../../workers/terminal/stack-addresses.ts';

const STACK: StackRecord = {
  ...{ pid: 1, queue: 'fire-pbt', trainers: 2, threads: 1, tasks: [], pages: 'http://127.0.0.1:8234' },
  temporal: { address: '127.0.0.1:7233', namespace: 'default', webUi: 'http://127.0.0.1:8233', own: false },
  s3: { endpoint: 'http://127.0.0.1:9000', credentialsFile: '/data of mine/s3-credentials', folder: null, own: false },
};

describe('what is said of a running stack', () => {
  const data = mkdtempSync(join(tmpdir(), 'fire-pbt-data-'));
  after(() => rmSync(data, { recursive: true }));
  const commands = (stack: StackRecord): string[] =>
    formatStack(stack, data)
      .split('\n')
      .flatMap((line) => (line.startsWith('  ') ? [line.trim()] : []));

  it('has commands that can be pasted', () => {
    const [start = '', list = ''] = commands({ ...STACK, queue: 'my queue' });
    assert.match(start, / workflow start --type firePbt --task-queue 'my queue' --workflow-id my-run --input-file /);
    assert.match(list, /^AWS_SHARED_CREDENTIALS_FILE='\/data of mine\/s3-credentials' aws --endpoint-url http:\/\/127/);
  });

  it('names an experiment whose data are installed', () => {
    assert.match(commands(STACK)[0] ?? '', / --input-file \S*experiments\/toy-deceptive\.json$/);
    mkdirSync(join(data, 'fashion-mnist'));
    assert.match(commands(STACK)[0] ?? '', / --input-file \S*experiments\/fashion-mnist\.json$/);
  });
});
