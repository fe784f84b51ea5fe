/** Reports of a run and of a comparison, composed from records in a real object store and opened in a real browser. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { writeComparisonReport, writeRunReport } from '../../../activities/report/composing.ts';
import { readRun } from '../../../activities/runs/read-run.ts';
import { RoundRecords } from '../../../activities/runs/rounds.ts';
import type { EvaluationStory, RunStory } from '../../../activities/runs/story.ts';
import {
  comparisonTableKey,
  decisionsKey,
  folderName,
  runFolder,
  specificationKey,
} from '../../../activities/storage/layout.ts';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { readableJson } from '../../../activities/storage/readable-json.ts';
import { longNumber, shortNumber } from '../../../workflows/population/figures.ts';
import { lineageOf } from '../../../workflows/population/lineage.ts';
import { explainEnd, REASON_TEXTS } from '../../../workflows/population/verdict-text.ts';
import { startObjectServer } from '../../object-server.ts';
import type { ObjectServer } from '../../object-server.ts';
import { toySpecification } from '../../workflows/stand-ins.ts';
import { recordRun, saveRound } from '../runs/recorded-run.ts';
import { startBrowser } from './browser.ts';
import type { Browser, Look } from './browser.ts';

const SPECIFICATION = toySpecification({ steps: 400 });
const RUN = { bucket: 'test', folder: runFolder('a/<b>run', 'first') };
const PBT = { bucket: 'test', folder: 'pbt/first' };
const PBT_SPECIFICATION = toySpecification({ steps: 100, subPopulations: [{ members: 4, evaluators: 0 }] });
const COMPARISON = { bucket: 'test', folder: folderName('narrow 15000') };
const TABLE = new URL('../../../docs/results/narrow-15000.json', import.meta.url);
const MOST_BYTES = 5_000_000;

/** By how much the page is too wide, how many charts are shown, and how many of them are empty. */
const MEASURES = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  const charts = [...document.querySelectorAll('figure svg')].filter((svg) => svg.getClientRects().length > 0);
  const empty = charts.filter((svg) => !svg.querySelector('path[d*="L"], rect, line'));
  return [scrollWidth - clientWidth, charts.length, empty.length];
})()`;
/** What the links of the table of evaluations lead to. */
const AIMS = `[...document.querySelectorAll('tr[data-evaluator] a')]
  .map((link) => document.querySelector(link.getAttribute('href'))?.localName)`;

describe('reports', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fire-pbt-report-'));
  const file = (name: string): URL => pathToFileURL(join(directory, name));
  let server: ObjectServer;
  let objects: ObjectStore;
  let browser: Browser;
  let story: RunStory;
  let evaluations: readonly EvaluationStory[];

  before(async () => {
    [server, browser] = await Promise.all([startObjectServer(), startBrowser()]);
    objects = new ObjectStore(server.options);
    await objects.ensureBucket('test');
    const records = new RoundRecords(objects);
    await objects.put('test', specificationKey(RUN), readableJson(SPECIFICATION));
    for (const request of (await recordRun(SPECIFICATION, RUN)).requests.flat()) await saveRound(records, request);
    await objects.put('test', comparisonTableKey(COMPARISON), readFileSync(TABLE));
    await objects.put('test', specificationKey(PBT), readableJson(PBT_SPECIFICATION));
    const begun = (await recordRun(PBT_SPECIFICATION, PBT)).requests.slice(0, 3);
    for (const request of begun.flat()) await saveRound(records, request);
    await objects.put('test', decisionsKey(PBT, 3, 1), '{"cut');
    story = await readRun(records, RUN);
    evaluations = story.subPopulations[1]?.evaluations ?? [];
    const run = await writeRunReport(objects, records, RUN);
    const comparison = await writeComparisonReport(objects, records, COMPARISON);
    assert.deepEqual([run.key, comparison.key], [`${RUN.folder}/result/report.html`, 'narrow%2015000/report.html']);
    const pbt = await writeRunReport(objects, records, PBT);
    writeFileSync(file('pbt.html'), await objects.get('test', pbt.key));
    writeFileSync(file('run.html'), await objects.get('test', run.key));
    writeFileSync(file('comparison.html'), await objects.get('test', comparison.key));
  });
  after(async () => {
    await browser.close();
    await objects.close();
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  it('open without a complaint and fit the page: light, dark, on a phone, printed', async () => {
    const looks: Look[] = [{}, { dark: true }, { width: 390 }, { width: 390, dark: true }, { print: true }];
    for (const name of ['run.html', 'comparison.html']) {
      const size = readFileSync(file(name)).length;
      assert.ok(size < MOST_BYTES, `${name} has ${size} bytes`);
      for (const look of looks) {
        const { page, complaints, value } = await browser.open(file(name), look);
        const [tooWide, visible, empty] = (await value(MEASURES)) as [number, number, number];
        const shown = { name, ...look };
        assert.deepEqual([complaints, tooWide, empty], [[], 0, 0], JSON.stringify(shown));
        assert.ok(visible >= 6, JSON.stringify({ ...shown, visible }));
        await page.close();
      }
    }
  });

  it('have a mark for every exploit, promotion, ancestor and evaluation, and say what it is', async () => {
    const { page, count, texts, value } = await browser.open(file('run.html'));
    const [p1, p2] = story.subPopulations;
    assert.equal(await count('.wide .exploits_marks path'), (p1?.exploits.length ?? 0) + (p2?.exploits.length ?? 0));
    assert.equal(await count('.wide .promotions_marks path'), p1?.promotions.length);
    assert.ok((p1?.promotions.length ?? 0) > 0);
    assert.equal(await count('.wide .bars_marks path'), lineageOf(story.leader?.history ?? []).length);
    assert.equal(await count('.evaluations svg'), evaluations.length);
    assert.deepEqual(await value(AIMS), Array(evaluations.length).fill('figure'));
    const promotions = (p1?.promotions ?? []).map(
      ({ member, evaluator, parent, round, step }) =>
        `${member} took over the weights of ${evaluator}, trained from ${parent}, in round ${round} (step ${step})`,
    );
    const labels = `[...document.querySelectorAll('.wide .promotions_marks path')].map((one) => one.ariaLabel)`;
    assert.deepEqual(await value(labels), promotions);
    await page.hover('.wide .promotions_marks path:last-child');
    assert.deepEqual(await texts('#tip'), promotions.slice(-1));
    await page.close();
  });

  it('answer what people ask first', async () => {
    const { page, texts } = await browser.open(file('run.html'));
    assert.deepEqual(await texts('h1'), [`a/<b>run round ${story.rounds} of ${story.rounds}`]);
    const [questions, given] = [await texts('dl.answers dt'), await texts('dl.answers dd')];
    const answer = (question: string): string => given[questions.indexOf(question)] ?? '';
    const history = story.leader?.history ?? [];
    // Which schedule leads.
    for (const { hyperparameters } of [...history.slice(0, 3), ...history.slice(-1)])
      assert.ok(answer('Which schedule leads?').includes(shortNumber(Number(hyperparameters['h']))));
    // Whose weights it descends from.
    const lineage = lineageOf(history);
    assert.ok(answer('Whose weights are they?').startsWith(`${lineage[0]?.worker} from step 0 → `));
    assert.ok(answer('Whose weights are they?').includes(`${lineage.at(-1)?.worker} (`));
    // What the run cost.
    assert.ok(answer('What did it cost?').includes(`${longNumber(story.costs.memberSteps)} steps of members`));
    await page.close();
  });

  it('show why an evaluator stopped in a round, found by its name and the round', async () => {
    const wanted = evaluations.find(
      ({ evaluator, reason }) => evaluator === 'P2/evaluator-3' && reason !== 'unfinished',
    );
    assert.ok(wanted?.ended);
    const { page, texts } = await browser.open(file('run.html'));
    await page.select('select[name=evaluator]', wanted.evaluator);
    await page.select('select[name=round]', String(wanted.ended.round));
    const shown = await texts('.evaluations figure', 'shown');
    assert.equal(shown.length, 1);
    const { parent, child, reason, judgements } = wanted;
    const { significance } = SPECIFICATION.evaluation;
    const why = explainEnd(reason, judgements.at(-1)?.verdict ?? null, { parent, child }, { significance });
    assert.ok(shown[0]?.includes(REASON_TEXTS[reason].label) && shown[0].includes(why), shown[0]);
    assert.deepEqual(await texts('.filters output'), ['1 evaluation']);
    await page.close();
  });

  it('tell of a run that trains, has no evaluators and has lost a record what there is', async () => {
    const { page, texts, count, complaints } = await browser.open(file('pbt.html'));
    assert.deepEqual([await texts('.state'), complaints], [['round 2 of 5'], []]);
    assert.match(
      (await texts('header'))[0] ?? '',
      /Incomplete: .* pbt\/first\/decisions\/000003\/P1\.json: expected a record/,
    );
    assert.deepEqual([await count('#scores'), await count('#evaluations'), await count('#reasons')], [1, 0, 0]);
    await page.close();
  });

  it('are refused for good if there is nothing to report on', async () => {
    const records = new RoundRecords(objects);
    const unheardOf = { bucket: 'test', folder: 'unheard-of/first' };
    for (const [writing, message] of [
      [() => writeRunReport(objects, records, unheardOf), /^Cannot read run unheard-of\/first: specification\.json: /],
      [
        () => writeComparisonReport(objects, records, unheardOf),
        /^Cannot report on unheard-of\/first: unheard-of\/first\/comparison\.json: /,
      ],
    ] as const)
      await assert.rejects(writing(), { type: 'NoReport', nonRetryable: true, message });
  });

  it('compare the arms of a comparison: a dot per run, a lane per arm', async () => {
    const { page, count, texts } = await browser.open(file('comparison.html'));
    // Test scores of 15 runs, differences of 10 to the first arm.
    assert.equal(await count('.wide .seeds_marks path'), 15 + 10);
    assert.equal(await count('.wide .means_marks path'), 3 + 2);
    assert.equal(await count('.wide .median_marks path'), 3);
    // A line per seed and arm, and the best schedule by hand under those of the two arms that searched theirs.
    assert.equal(await count('[data-chart=schedules] .winners_marks path'), 15);
    assert.equal(await count('[data-chart=schedules] .byHand_marks path'), 2);
    assert.match((await texts('p')).join(' '), /Dashed: the best schedule .*, of random-search, seed \d\./);
    const answers = (await texts('dl.answers dd')).join(' ');
    assert.match(answers, /^random-search, with a mean test score of 0\.8706\. /);
    assert.match(answers, /PBT minus FIRE: −0\.0103 on average of 5 seeds \(.*\): the interval excludes 0\./);
    assert.match((await texts('pre')).join('\n'), /comparison\.json --workflow-id 'narrow 15000'$/m);
    await page.close();
  });
});
