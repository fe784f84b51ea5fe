/** The episode in the report of an agent: trained here, written as a run writes it, and opened in a real browser. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { writeRunReport } from '../../../activities/report/composing.ts';
import { writeResult } from '../../../activities/runs/result.ts';
import { RoundRecords } from '../../../activities/runs/rounds.ts';
import { resultFileKey, specificationKey } from '../../../activities/storage/layout.ts';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { readableJson } from '../../../activities/storage/readable-json.ts';
import { reinforcementLearning } from '../../../activities/tasks/reinforcement-learning/reinforcement-learning.ts';
import { startObjectServer, type ObjectServer } from '../../object-server.ts';
import { toySpecification } from '../../workflows/stand-ins.ts';
import { recordRun, resultRequest, saveRound } from '../runs/recorded-run.ts';
import { withSession } from '../tasks/open-session.ts';
import { startBrowser, type Browser } from './browser.ts';

process.env['TF_NUM_INTRAOP_THREADS'] = '1';
process.env['TF_CPP_MIN_LOG_LEVEL'] = '2';

const SPECIFICATION = toySpecification();
const AGENT = { environments: 4, rollout: 8, minibatch: 16, epochs: 1, hidden: [8], evaluationEpisodes: 1 };
const STRIPS = `[...document.querySelectorAll('#episode ~ figure .wide path')]
  .filter((path) => (path.getAttribute('d').match(/L/g) ?? []).length > 100).length`;

describe('the episode in a report', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-episode-'));
  let server: ObjectServer;
  let objects: ObjectStore;
  let browser: Browser;
  before(async () => {
    [server, browser] = await Promise.all([startObjectServer(), startBrowser()]);
    objects = new ObjectStore(server.options);
    await objects.ensureBucket('test');
  });
  after(async () => {
    await browser.close();
    await objects.close();
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  /** Writes a run whose result has the episode file, if there is one, and returns the address of its report. */
  async function reportWith(name: string, episode: Uint8Array | undefined): Promise<URL> {
    const storage = { bucket: 'test', folder: `${name}/first` };
    const records = new RoundRecords(objects);
    await objects.put('test', specificationKey(storage), readableJson(SPECIFICATION));
    const run = await recordRun(SPECIFICATION, storage);
    for (const request of run.requests.flat()) await saveRound(records, request);
    const key = resultFileKey(storage, 'episode.json');
    if (episode) await objects.put('test', key, episode);
    await writeResult(objects, records, {
      ...resultRequest(run, SPECIFICATION, storage),
      score: 'mean return',
      report: { testScore: 1, files: episode ? [key] : [] },
    });
    const report = await writeRunReport(objects, records, storage);
    const file = join(directory, `${name}.html`);
    writeFileSync(file, await objects.get('test', report.key));
    return pathToFileURL(file);
  }

  for (const [environment, strips, steps] of [
    // Cosine, sine, rate, reward.
    ['pendulum', 4, /An episode by the policy's mean actions, which lasted 200 steps\. All of it/],
    // Height, eight joints, reward. An ant that hardly moves stands for the whole episode.
    ['ant-v5', 10, /which lasted 1,000 steps: the first 200\. All of it/],
  ] as const)
    it(`shows ${strips} numbers of ${environment}`, async () => {
      const settings = { ...AGENT, environment };
      const report = await withSession(reinforcementLearning, settings, { hyperparameters: {} }, async (session) => {
        await session.initialise();
        return session.report();
      });
      const episode = report.exports.find(({ name }) => name === 'episode.json');
      const file = await reportWith(environment, episode?.bytes);
      for (const look of [{}, { width: 390 }]) {
        const { page, complaints, value, texts } = await browser.open(file, look);
        assert.deepEqual([complaints, await value(STRIPS)], [[], strips]);
        assert.match((await texts('figure[data-chart=episode] figcaption'))[0] ?? '', steps);
        assert.equal(await value('document.documentElement.scrollWidth - document.documentElement.clientWidth'), 0);
        await page.close();
      }
    });

  it('is left out if there is none, or none that can be read', async () => {
    for (const [name, episode] of [
      ['without', undefined],
      ['damaged', '{"steps":3,"series":{"reward":[null]}}'],
    ] as const) {
      const file = await reportWith(name, episode === undefined ? undefined : Buffer.from(episode));
      const { page, count, complaints } = await browser.open(file);
      assert.deepEqual([complaints, await count('#episode'), await count('#answers')], [[], 0, 1]);
      await page.close();
    }
  });
});
