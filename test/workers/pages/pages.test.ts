/** The pages of a real stack with a real run and a real comparison, opened in a real browser. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { IncomingMessage, RequestOptions } from 'node:http';
import type { Client, Connection } from '@temporalio/client';
import { pauseUpdate, progressQuery, resumeUpdate } from '../../../workflows/messages.ts';
import { freePort } from '../../../workers/processes/ports.ts';
import { connectClient } from '../../../workers/processes/temporal-connection.ts';
import { startStack } from '../../../workers/stack/local-stack.ts';
import type { LocalStack } from '../../../workers/stack/local-stack.ts';
import { SMALL, SMALLEST } from '../../small-run.ts';
import { startBrowser } from '../../activities/report/browser.ts';
import type { Browser, OpenPage } from '../../activities/report/browser.ts';
import { runCommand, startCommand } from '../command.ts';
import { eventually, poll } from '../eventually.ts';

const FOLLOWED = { ...SMALL, steps: 240 };
const COMPARISON = {
  arms: { FIRE: SMALLEST, PBT: { ...SMALLEST, subPopulations: [{ members: 2 }] } },
  seeds: [0],
};

describe('the pages of a stack', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-pages-'));
  let stack: LocalStack;
  let browser: Browser;
  let client: Client;
  let connection: Connection;
  let runPage: OpenPage;
  const address = (path: string): URL => new URL(path, stack.pages);
  const textOf = async (page: OpenPage, selector: string): Promise<string> => (await page.texts(selector)).join(' ');
  const shows = (page: OpenPage, selector: string, text: RegExp): Promise<string> =>
    poll(
      () => textOf(page, selector),
      (found) => text.test(found),
      { timeoutMs: 120_000, intervalMs: 100, expectation: () => text },
    );

  before(async () => {
    browser = await startBrowser();
    stack = await startStack({ directory, trainers: 1, temporal: 'local', s3: 'local' });
    ({ client, connection } = await connectClient(stack.environment));
  });
  after(async () => {
    await browser.close();
    await connection.close();
    await stack.stop();
    rmSync(directory, { recursive: true, maxRetries: 5 });
  });

  it('show the next round of a run, and its end, without a reload, and keep what the reader opened', async () => {
    const run = await client.workflow.start('firePbt', {
      ...{ workflowId: 'my run', taskQueue: stack.queue, args: [FOLLOWED] },
    });
    await poll(
      () => run.query(progressQuery).catch(() => undefined),
      (progress) => (progress?.round ?? 0) >= 2,
    );
    await poll(
      () => run.executeUpdate(pauseUpdate, { args: [{ reason: 'lunch' }] }).catch(() => undefined),
      (answer) => answer !== undefined,
    );
    const index = await browser.open(address('/'));
    await shows(index, '#runs ~ div', /my run.*paused\d+ of 12 rounds/);

    runPage = await browser.open(address(`/runs/${encodeURIComponent('my run')}`));
    assert.match(String(await runPage.value('location.pathname')), /^\/runs\/my%2520run\/[\w-]+$/);
    await shows(runPage, 'h1', /^my run round \d+ of 12$/);
    await shows(runPage, '.top', /^All runs paused This page follows it\. .*lunch/);
    await runPage.value(`window.isTheSame = true; document.querySelector('#recorded').open = false`);
    await runPage.value(`document.querySelector('#evaluations').scrollIntoView()`);
    const place = `Math.round(document.querySelector('#evaluations').getBoundingClientRect().top)`;
    const before = await runPage.value(place);

    assert.match(await run.executeUpdate(resumeUpdate), /resume/i);
    await shows(runPage, '.top', /finished/);
    await shows(runPage, 'h1', /^my run finished$/);
    assert.deepEqual(
      [await runPage.value('window.isTheSame'), await runPage.value(`document.querySelector('#recorded').open`)],
      [true, false],
    );
    assert.equal(await runPage.value(place), before, 'what was read has not moved');
    assert.deepEqual([runPage.complaints, await runPage.count('#connection:not([hidden])')], [[], 0]);
    await shows(index, '#runs ~ div', /my run ?finished12 of 12 rounds/);
    assert.deepEqual(index.complaints, []);
    await index.page.setViewport({ width: 360, height: 740 });
    const widths = `[...document.querySelectorAll('html, .scroll')].map((one) => one.scrollWidth - one.clientWidth)`;
    assert.ok(
      ((await index.value(widths)) as readonly number[]).every((one) => one <= 0),
      'it fits a phone',
    );
    await index.page.close();
  });

  it('follow a comparison before and after its first run is done, with links to its runs', async () => {
    const page = await browser.open(address('/comparisons/both'));
    assert.match(await textOf(page, '.trouble'), /There is no run and no comparison at both/);
    const comparison = await client.workflow.start('compare', {
      ...{ workflowId: 'both', taskQueue: stack.queue, args: [COMPARISON] },
    });
    await comparison.result();
    await shows(page, '.top', /finished/);
    assert.match(await textOf(page, 'h1'), /^both finished$/);
    assert.deepEqual(await page.texts('#runs ~ div td:first-child'), ['FIRE', 'PBT']);
    await page.follow('#runs ~ div a');
    await shows(page, 'h1', /^both\/FIRE\/seed-0 finished$/);

    await page.page.goto(address('/').href);
    assert.match(await textOf(page, '#comparisons ~ div'), /both ?finished2 of 2 runs (FIRE|PBT) \d/);
    assert.deepEqual(await page.texts('#comparisons ~ details summary'), ['2 runs of both']);
    assert.equal(await page.count('#runs ~ div td:first-child'), 1, 'runs of a comparison stand with it');
    // The page that did not exist yet was a 404, which the browser's console notes.
    const [missing, ...others] = page.complaints;
    assert.match(missing ?? '', /404/);
    assert.ok(
      others.every((one) => one.includes('404')),
      others.join(', '),
    );
    await page.page.close();
  });

  it('say that there is nothing, and how to come to what there is', async () => {
    for (const path of [
      '/runs/unheard-of',
      '/runs/a/b',
      '/runs/..%2F..',
      '/elsewhere',
      '/runs/%zz',
      '/runs/a/..%2Fb',
    ]) {
      const { status, body } = await ask(path);
      assert.equal(status, 404, path);
      assert.match(body, /There is no run and no comparison at .*<a href="\/">|<a href="\/">.*There is no run/s, path);
    }
  });

  it('are for this machine alone, and change nothing', async () => {
    assert.match(stack.pages, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await ask('/', { headers: { host: 'localhost:1' } })).status, 200);
    for (const host of ['example.org', '127.0.0.1.example.org', 'localhost.example.org:18234'])
      assert.equal((await ask('/', { headers: { host } })).status, 403, host);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) assert.equal((await ask('/', { method })).status, 405);
    const { headers, body } = await ask('/', { method: 'HEAD' });
    assert.deepEqual([body, headers['content-type']], ['', 'text/html; charset=utf-8']);
    const unchanged = await ask('/', { headers: { 'if-none-match': headers.etag } });
    assert.deepEqual([unchanged.status, unchanged.body], [304, '']);
    assert.doesNotMatch((await ask('/')).body, /(?:src|href)="(?:https?:)?\/\//);
  });

  it('say that Temporal or the bucket does not answer, and come back', async () => {
    const path = String(await runPage.value('location.pathname'));
    stack.kill('s3');
    const page = await poll(
      () => ask('/runs/unheard-of'),
      ({ status }) => status !== 404,
      { timeoutMs: 20_000 },
    );
    assert.equal(page.status, 503);
    assert.match(
      page.body,
      /Cannot list s3:\/\/fire-pbt\/\S*: the store does not answer \(\w+\)\. This page tries again\./,
    );
    await eventually(async () => (await ask('/runs/unheard-of')).status === 404, 60_000, 100);
    assert.equal((await ask(path)).status, 200);

    // A server that is killed once is back before a question to it is given up. The pages then have what is in the
    // bucket, and say why that is all.
    const index = await poll(
      async () => {
        stack.kill('temporal');
        return ask('/');
      },
      ({ body }) => body.includes('Temporal does not answer: '),
      { timeoutMs: 60_000 },
    );
    assert.equal(index.status, 200);
    assert.match(index.body, /my run/);
    await eventually(async () => !(await ask('/')).body.includes('class="trouble"'), 60_000, 100);
  });

  it('say when nobody serves them any more; a command serves what a stopped stack left', async () => {
    await stack.stop();
    await shows(runPage, '#connection', /^Not connected since .+: nobody/);
    assert.match(await textOf(runPage, 'h1'), /^my run finished$/);

    const port = await freePort();
    const options = ['--directory', directory, '--port', String(port)];
    const served = startCommand('pages.ts', options);
    await eventually(() => served.output().includes('Ctrl-C'), 30_000);
    assert.match(served.output(), /^Pages {6}http:\/\/127\.0\.0\.1:\d+\nTemporal {3}none: /);
    const index = await browser.open(new URL(`http://127.0.0.1:${port}/`));
    assert.match(await textOf(index, '.trouble'), /No Temporal server runs here/);
    assert.match(await textOf(index, '#runs ~ div'), /my run ?finished12 of 12 rounds \d/);
    assert.match(await textOf(index, '#comparisons ~ div'), /both ?finished2 of 2 runs/);
    await index.follow('#runs ~ div a');
    await shows(index, 'h1', /^my run finished$/);
    assert.match(await textOf(index, '.top'), /No Temporal server runs here\. This is what is in the bucket\.$/);

    const second = await runCommand('pages.ts', options);
    assert.deepEqual(
      [second.code, second.errors],
      [1, `Cannot serve pages on port ${port}: it is taken; choose another with --port\n`],
    );
    served.interrupt();
    assert.equal(await served.exitCode, 0, served.output());
  });

  /** Returns the answer to a request, as it came. */
  async function ask(path: string, options: RequestOptions = {}): Promise<Asked> {
    const asked = request(stack.pages, { path, ...options });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    let body = '';
    for await (const chunk of response) body += String(chunk);
    return { status: response.statusCode, headers: response.headers, body };
  }
});

interface Asked extends Pick<IncomingMessage, 'headers'> {
  readonly status: number | undefined;
  readonly body: string;
}
