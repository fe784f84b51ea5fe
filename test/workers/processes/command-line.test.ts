import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  commandWith,
  parseChoice,
  parseIdentifier,
  parseWholeNumber,
  readOptions,
  repeatOptionName,
} from '../../../workers/processes/command-line.ts';

const OPTIONS = { trainers: { type: 'string' } } as const;

describe('a command line', () => {
  it('gives the values of its options', () => {
    assert.equal(readOptions(OPTIONS, '', ['--trainers', '2']).trainers, '2');
    assert.equal(readOptions(OPTIONS, '', []).trainers, undefined);
  });

  it('refuses unknown options and arguments in one line', () => {
    assert.throws(() => readOptions(OPTIONS, '', ['--trainer', '2']), {
      name: 'UserError',
      message: "Unknown option '--trainer'. --help lists the options.",
    });
    assert.throws(() => readOptions(OPTIONS, '', ['stray']), {
      name: 'UserError',
      message: "Unexpected argument 'stray'. --help lists the options.",
    });
  });

  it('is quoted where it is printed, so that it can be pasted', () => {
    assert.equal(commandWith('start', []), 'npm start');
    const given = ['--input-file', 'my runs/first.json', '--workflow-id', "it's $HOME", '--tasks', '~/a.ts', ''];
    assert.equal(
      commandWith('start', given),
      "npm start -- --input-file 'my runs/first.json' --workflow-id 'it'\\''s $HOME' --tasks '~/a.ts' ''",
    );
  });

  it('accepts several values after one option name', () => {
    assert.deepEqual(repeatOptionName('from', ['--from', 'a', 'b', '--directory', 'd', '--from', 'c']), [
      '--from',
      'a',
      '--from',
      'b',
      '--directory',
      'd',
      '--from',
      'c',
    ]);
    assert.deepEqual(repeatOptionName('from', ['stray', '--from']), ['stray', '--from']);
  });

  it('says what an invalid value must be', () => {
    assert.equal(parseWholeNumber('trainers', '12', 1, 99), 12);
    assert.equal(parseWholeNumber('trainers', undefined, 1, 99), undefined);
    for (const text of ['0', '100', '1.5', '-1', 'two', '', '1e1']) {
      assert.throws(() => parseWholeNumber('trainers', text, 1, 99), {
        message: `Expected \`--trainers\` to be a whole number from 1 to 99, got \`${text}\``,
      });
    }
    assert.deepEqual(
      ['é', undefined, 'x'.repeat(1000)].map((text) => parseIdentifier('workflow-id', text)),
      ['é', undefined, 'x'.repeat(1000)],
    );
    for (const [text, bytes] of [
      ['', 0],
      ['é'.repeat(501), 1002],
    ] as const)
      assert.throws(() => parseIdentifier('workflow-id', text), {
        message: `Expected \`--workflow-id\` to have 1 to 1000 bytes, got ${bytes}`,
      });
    assert.equal(parseChoice('s3', 'own', ['local', 'own']), 'own');
    assert.throws(() => parseChoice('s3', 'aws', ['local', 'own']), {
      message: 'Expected `--s3` to be local or own, got `aws`',
    });
  });
});
