import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ObjectStore } from '../../../activities/storage/object-store.ts';
import { startObjectServer } from '../../object-server.ts';
import type { ObjectServer } from '../../object-server.ts';
import { runCommand } from '../command.ts';
import type { Ended } from '../command.ts';
import { comparison } from '../results/fixture.ts';

const PROSE = `# Small

{{#if small}}
FIRE reached {{value small FIRE testScore mean}}, {{difference small FIRE PBT testScore mean}} points more than PBT,
with seeds {{seeds small}}.

{{table small}}

{{plot schedules small}}
{{plot scores small}}
{{plot costs small}}
{{plot evaluations small}}
{{/if}}
{{#if large}}
{{table large}}
{{/if}}
`;
const KINDS = ['costs', 'evaluations', 'schedules', 'scores'];

describe('npm run results', () => {
  const docs = mkdtempSync(join(tmpdir(), 'fire-pbt-results-'));
  const folder = join(docs, 'results');
  const page = (): string => readFileSync(join(docs, 'results.md'), 'utf8');
  /** As somebody else's serialiser may have written it, with more digits than are ever shown. */
  const stored = `${JSON.stringify(
    comparison((run) => ({ ...run, objective: 0.8712345678901234 })),
    null,
    3,
  )}\n`;
  const results = (...options: string[]): Promise<Ended> => runCommand('results.ts', ['--docs', docs, ...options]);
  let server: ObjectServer;

  before(async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'page.md'), PROSE);
    server = await startObjectServer();
    const objects = new ObjectStore(server.options);
    await objects.ensureBucket('fire-pbt');
    await objects.put('fire-pbt', 'of%2Fmine/comparison.json', stored);
    await objects.put('fire-pbt', 'other/comparison.json', '{"format": "fire-pbt-comparison/9"}');
    await objects.close();
  });
  after(async () => {
    await server.stop();
    rmSync(docs, { recursive: true });
  });

  it('has made the page of this repository, which is fresh', async () => {
    const { code, output, errors } = await runCommand('results.ts', ['--check']);
    assert.equal(code, 0, output + errors);
  });

  it('fetches a table as it is, under a name of its own or a safe one', async () => {
    const fetched = await Promise.all(
      [['--name', 'small'], []].map((name) =>
        runCommand('results.ts', ['--docs', docs, '--fetch', 'of/mine', ...name], server.environment),
      ),
    );
    for (const { code, errors } of fetched) assert.equal(code, 0, errors);
    for (const name of ['small', 'of-mine']) assert.equal(readFileSync(join(folder, `${name}.json`), 'utf8'), stored);
    assert.match(
      fetched[0]!.output,
      new RegExp(
        String.raw`^The comparison is not done: 1 run missing\nFetched 8 runs of 3 arms to ` +
          String.raw`\S+small\.json, \d+(\.\d)? kB\. Next: npm run results\n$`,
      ),
    );
  });

  it('makes the page and its plots, the same each time, and says which table is not on it', async () => {
    writeFileSync(join(folder, 'small.json'), stored);
    writeFileSync(join(folder, 'of-mine.json'), stored);
    writeFileSync(join(folder, 'left-over.svg'), '<svg/>');
    const { code, output, errors } = await results();
    assert.equal(code, 0, errors);
    assert.equal(
      output,
      `Not on the page: ${join(folder, 'of-mine.json')}\nMade ${join(docs, 'results.md')} with 4 plots: 5 files ` +
        `written, 1 removed\n`,
    );
    assert.match(
      page(),
      new RegExp(
        String.raw`^<!-- Made by .* -->\n\n# Small\n\nFIRE reached 0\.8700, \+0\.80 points more than ` +
          String.raw`PBT,\nwith seeds 0, 1, 2\.\n\n\| arm \|`,
      ),
    );
    assert.match(page(), /^!\[.+\]\(results\/small-schedules\.svg\)$/m);
    assert.doesNotMatch(page(), /\{\{|large/);
    const plots = readdirSync(folder).filter((file) => file.endsWith('.svg'));
    assert.deepEqual(
      plots,
      KINDS.map((kind) => `small-${kind}.svg`),
    );
    const copy = join(docs, 'copy');
    cpSync(folder, join(copy, 'results'), { recursive: true, filter: (file) => !file.endsWith('.svg') });
    assert.equal((await runCommand('results.ts', ['--docs', copy])).code, 0);
    for (const file of ['results.md', ...plots.map((plot) => `results/${plot}`)])
      assert.equal(readFileSync(join(copy, file), 'utf8'), readFileSync(join(docs, file), 'utf8'), file);
    rmSync(copy, { recursive: true });
    assert.match((await results()).output, /nothing changed\n$/);
  });

  it('checks that the page is fresh, and writes nothing', async () => {
    assert.equal((await results('--check')).code, 0);
    writeFileSync(join(folder, 'small.json'), stored.replaceAll('0.8712345678901234', '0.9'));
    rmSync(join(folder, 'small-costs.svg'));
    writeFileSync(join(folder, 'left-over.svg'), '<svg/>');
    const before = page();
    const { code, errors } = await results('--check');
    assert.equal(code, 1);
    assert.deepEqual(errors.trimEnd().split('\n'), [
      `Stale: ${join(docs, 'results.md')}`,
      `Stale: ${join(docs, 'results/small-costs.svg')}`,
      `Stale: ${join(docs, 'results/left-over.svg')}`,
      'The results page is not what the tables give: `npm run results` makes it anew',
    ]);
    assert.equal(page(), before);
    assert.ok(!existsSync(join(folder, 'small-costs.svg')));
  });

  it('says in one line what is wrong', async () => {
    const fetching = (...options: string[]): Promise<Ended> =>
      runCommand('results.ts', ['--docs', docs, '--fetch', ...options], server.environment);
    writeFileSync(join(folder, 'page.md'), 'a {{table large}}\n');
    const cases: [Promise<Ended>, RegExp][] = [
      [results(), /^Cannot expand \{\{table large\}\}: there is no table \S+large\.json$/],
      [runCommand('results.ts', ['--docs', join(docs, 'nowhere')]), /^Cannot read \S+nowhere\/results: ENOENT.*$/],
      [
        fetching('unheard-of'),
        /^Cannot fetch the table of unheard-of: there is no s3:\/\/fire-pbt\/unheard-of\/comparison\.json; .+$/,
      ],
      [
        fetching('other'),
        new RegExp(
          String.raw`^Expected s3:\/\/fire-pbt\/other\/comparison\.json to be a comparison ` +
            String.raw`\(fire-pbt-comparison\/1\): .format.: .+$`,
        ),
      ],
      [
        fetching('other', '--name', '../up'),
        /^Expected `--name` to be letters, digits, dots, dashes and underscores, got `\.\.\/up`$/,
      ],
      [fetching('other', '--check'), /^Expected either `--check` or `--fetch`\. .*$/],
      [results('--name', 'small'), /^Expected `--name`, `--bucket` and `--directory` with `--fetch` only\. .*$/],
    ];
    for (const [ending, message] of cases) {
      const { code, errors } = await ending;
      assert.match(errors.trimEnd(), message);
      assert.equal(code, 1);
    }
  });
});
