/** Checks of `report`. */
import { isDeepStrictEqual } from 'node:util';
import type { ReportOutcome, ReportRequest } from '../../activities/contracts/training.ts';
import { reportOutcome } from '../../activities/contracts/training-schema.ts';
import { resultFileKey } from '../../activities/storage/layout.ts';
import { require, requireValid, resultOf, type Check, type Subject } from './subject.ts';

const REPORT_MS = 900_000;

export const REPORT_CHECKS: readonly Check[] = [
  {
    title: 'reports on a checkpoint: a test score, and files under result/',
    run: async (subject) => {
      const { objects, storage } = subject.options;
      const { files } = await report(subject);
      for (const key of files) {
        const prefix = resultFileKey(storage, '');
        require(key.startsWith(prefix), `Expected files under ${prefix}, got ${key}`);
        require(await objects.exists(storage.bucket, key), `Expected a file at ${key}, got nothing`);
      }
    },
  },
  {
    title: 'reports the same for the same checkpoint',
    run: async (subject) => {
      const [first, again] = [await report(subject), await report(subject)];
      require(isDeepStrictEqual(again, first), `Expected ${JSON.stringify(first)} again, got ${JSON.stringify(again)}`);
    },
  },
];

async function report(subject: Subject): Promise<ReportOutcome> {
  const { checkpoint } = await subject.first();
  const { storage, task, seed, threads, hyperparameters } = subject.request();
  const request: ReportRequest = { storage, task, seed, threads, checkpoint, hyperparameters };
  const asked = await subject.options.trainer.begin('report', request, { attemptMs: REPORT_MS });
  return requireValid(reportOutcome, resultOf(await asked.answer(), 'report'), 'The answer of `report`');
}
