import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requireSearchAttributes } from '../../../workers/processes/search-attributes.ts';

const ALL = { FirePbtAlgorithm: 2, FirePbtTask: 2, FirePbtRound: 3, FirePbtBestScore: 4, FirePbtStatus: 2 };

/** A server at which a namespace has these, or that refuses to tell. */
function serverWith(listSearchAttributes: () => Promise<{ customAttributes?: Record<string, unknown> | null }>) {
  return {
    address: 'temporal.example:7233',
    namespace: 'lab.a1b2c',
    connection: { operatorService: { listSearchAttributes } },
  };
}

describe('the search attributes of a namespace', () => {
  it('may be more than those of the runs', async () => {
    await requireSearchAttributes(serverWith(async () => ({ customAttributes: { ...ALL, Another: 1 } })));
  });

  it(
    'are told where they are missing, with how to create them on a server of one’s own and on ' + 'Temporal Cloud',
    async () => {
      const { FirePbtRound: _round, FirePbtStatus: _status, ...some } = ALL;
      await assert.rejects(requireSearchAttributes(serverWith(async () => ({ customAttributes: some }))), {
        name: 'UserError',
        message:
          'Cannot use Temporal at temporal.example:7233: namespace lab.a1b2c has no search attributes ' +
          'FirePbtRound, FirePbtStatus. Create them once. ' +
          "On a server of one's own: temporal operator search-attribute create --namespace lab.a1b2c --name " +
          'FirePbtRound --type Int --name FirePbtStatus --type Keyword. ' +
          'On Temporal Cloud, in its web UI or by: tcld namespace search-attributes add --namespace lab.a1b2c ' +
          '--search-attribute FirePbtRound=Int --search-attribute FirePbtStatus=Keyword',
      });
      await assert.rejects(
        requireSearchAttributes(serverWith(async () => ({ customAttributes: null }))),
        /has no search attributes FirePbtAlgorithm, FirePbtTask, FirePbtRound, FirePbtBestScore, FirePbtStatus\./,
      );
    },
  );

  it('are asked for in vain where the server refuses, which is said in one line', async () => {
    const refusing = serverWith(() => Promise.reject(new Error('7 PERMISSION_DENIED: Request unauthorized.')));
    await assert.rejects(requireSearchAttributes(refusing), {
      name: 'UserError',
      message:
        'Cannot ask Temporal at temporal.example:7233 for the search attributes of namespace lab.a1b2c: 7 ' +
        'PERMISSION_DENIED: Request unauthorized. ' +
        '(runs need FirePbtAlgorithm (Keyword), FirePbtTask (Keyword), FirePbtRound (Int), FirePbtBestScore ' +
        '(Double), FirePbtStatus (Keyword); these credentials need the right to list search attributes)',
    });
  });
});
