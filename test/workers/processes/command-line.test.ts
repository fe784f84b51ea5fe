import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { identifier, manyValued, oneOf, readOptions, wholeNumber } from '../../../workers/processes/command-line.ts';

const OPTIONS = { trainers: { type: 'string' } } as const;

describe('a command line', () => {
  it('is read', () => {
    assert.equal(readOptions(OPTIONS, '', ['--trainers', '2']).trainers, '2');
    assert.equal(readOptions(OPTIONS, '', []).trainers, undefined);
  });

  it('refuses what it does not know in one line', () => {
    assert.throws(() => readOptions(OPTIONS, '', ['--trainer', '2']), {
      name: 'UserError',
      message: "Unknown option '--trainer'. --help lists the options.",
    });
    assert.throws(() => readOptions(OPTIONS, '', ['stray']), {
      name: 'UserError',
      message: "Unexpected argument 'stray'. --help lists the options.",
    });
  });

  it('takes many values after one name, as a shell gives them', () => {
    assert.deepEqual(manyValued('from', ['--from', 'a', 'b', '--directory', 'd', '--from', 'c']), [
      '--from',
      'a',
      '--from',
      'b',
      '--directory',
      'd',
      '--from',
      'c',
    ]);
    assert.deepEqual(manyValued('from', ['stray', '--from']), ['stray', '--from']);
  });

  it('says what a value must be', () => {
    assert.equal(wholeNumber('trainers', '12', 1, 99), 12);
    assert.equal(wholeNumber('trainers', undefined, 1, 99), undefined);
    for (const text of ['0', '100', '1.5', '-1', 'two', '', '1e1']) {
      assert.throws(() => wholeNumber('trainers', text, 1, 99), {
        message: `Expected \`--trainers\` to be a whole number from 1 to 99, got \`${text}\``,
      });
    }
    assert.deepEqual(
      ['é', undefined, 'x'.repeat(1000)].map((text) => identifier('workflow-id', text)),
      ['é', undefined, 'x'.repeat(1000)],
    );
    for (const [text, bytes] of [
      ['', 0],
      ['é'.repeat(501), 1002],
    ] as const)
      assert.throws(() => identifier('workflow-id', text), {
        message: `Expected \`--workflow-id\` to be of 1 to 1000 bytes, got ${bytes}`,
      });
    assert.equal(oneOf('s3', 'own', ['local', 'own']), 'own');
    assert.throws(() => oneOf('s3', 'aws', ['local', 'own']), {
      message: 'Expected `--s3` to be local or own, got `aws`',
    });
  });
});
