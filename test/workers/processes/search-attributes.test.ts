import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { requireSearchAttributes } from '../../../workers/processes/search-attributes.ts';

const ALL = {
  FirePbtAlgorithm: 2,
  FirePbtTask: 2,
  FirePbtSeed: 3,
  FirePbtRound: 3,
  FirePbtBestScore: 4,
  FirePbtTestScore: 4,
  FirePbtStatus: 2,
};

/** A server that lists these search attributes, or refuses to. */
function serverWith(listSearchAttributes: () => Promise<{ customAttributes?: Record<string, unknown> | null }>) {
  return {
    address: 'temporal.example:7233',
    namespace: 'lab.a1b2c',
    connection: { operatorService: { listSearchAttributes } },
  };
}

describe('the search attributes of a namespace', () => {
  it('may include others than those of the runs', async () => {
    await requireSearchAttributes(serverWith(async () => ({ customAttributes: { ...ALL, Another: 1 } })));
  });

  it('are named if they are missing, with the commands that create them', async () => {
    const { FirePbtRound: _round, FirePbtStatus: _status, ...some } = ALL;
    await assert.rejects(requireSearchAttributes(serverWith(async () => ({ customAttributes: some }))), {
      name: 'UserError',
      message:
        'Cannot use Temporal at temporal.example:7233: namespace lab.a1b2c has no search attributes ' +
        'FirePbtRound, FirePbtStatus. Create them once. ' +
        'On a self-hosted server: temporal operator search-attribute create --namespace lab.a1b2c --name ' +
        'FirePbtRound --type Int --name FirePbtStatus --type Keyword. ' +
        'On Temporal Cloud: use its web UI or tcld namespace search-attributes add --namespace lab.a1b2c ' +
        '--search-attribute FirePbtRound=Int --search-attribute FirePbtStatus=Keyword',
    });
    await assert.rejects(
      requireSearchAttributes(serverWith(async () => ({ customAttributes: null }))),
      new RegExp(`has no search attributes ${Object.keys(ALL).join(', ')}\\.`),
    );
  });

  it('cause a one-line error if the server refuses to list them', async () => {
    const refusing = serverWith(() => Promise.reject(new Error('7 PERMISSION_DENIED: Request unauthorized.')));
    await assert.rejects(requireSearchAttributes(refusing), {
      name: 'UserError',
      message:
        'Cannot list the search attributes of namespace lab.a1b2c on Temporal at temporal.example:7233: 7 ' +
        'PERMISSION_DENIED: Request unauthorized. ' +
        '(runs need FirePbtAlgorithm (Keyword), FirePbtTask (Keyword), FirePbtSeed (Int), FirePbtRound (Int), ' +
        'FirePbtBestScore (Double), FirePbtTestScore (Double), FirePbtStatus (Keyword), and the credentials must be ' +
        'allowed to list search attributes)',
    });
  });
});
