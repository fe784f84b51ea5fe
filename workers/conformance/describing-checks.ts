/** Checks of `describe`. */
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { INVALID_TASK, type TaskComplaint } from '../../activities/contracts/task.ts';
import { taskComplaint, taskDescription } from '../../activities/contracts/task-schema.ts';
import { require, requireRefusal, requireValid, resultOf, type Check, type Subject } from './subject.ts';

const UNKNOWN_SETTING = 'aSettingThatNoTaskHas';
const UNKNOWN_KIND = 'a-kind-that-no-trainer-has';

export const DESCRIBING_CHECKS: readonly Check[] = [
  {
    title: 'describes the task: settings in full, a label, hyperparameters, the name of its score',
    run: async (subject) => {
      const { task } = subject.options;
      const answer = resultOf(await describe(subject, { task }), 'describe');
      const described = requireValid(taskDescription, answer, 'The description');
      require(described.task.kind === task.kind, `Expected kind ${task.kind}, got ${described.task.kind}`);
      subject.description = described;
    },
  },
  {
    title: 'describes the settings that it filled in as the same task',
    run: async (subject) => {
      const { description } = subject;
      const again = resultOf(await describe(subject, { task: description.task }), 'describe');
      require(isDeepStrictEqual(again, description), `Expected the same description, got ${JSON.stringify(again)}`);
    },
  },
  {
    title: 'refuses a setting that it does not know, and names its path',
    run: async (subject) => {
      const task = { ...subject.description.task, [UNKNOWN_SETTING]: 1 };
      const path = ['task', UNKNOWN_SETTING];
      requireComplaint(complaintsOf(await describe(subject, { task }), 'an unknown setting'), path);
    },
  },
  {
    title: 'refuses a task that it does not have',
    run: async (subject) => {
      const answer = await describe(subject, { task: { kind: UNKNOWN_KIND } });
      requireComplaint(complaintsOf(answer, 'an unknown kind of task'), ['task', 'kind']);
    },
  },
  {
    title: 'refuses another number of threads than its own',
    run: async (subject) => {
      const threads = subject.options.threads + 1;
      const answer = await describe(subject, { task: subject.description.task, threads });
      requireComplaint(complaintsOf(answer, `${threads} threads`), ['threads']);
    },
  },
];

function describe({ options }: Subject, request: { task: unknown; threads?: number }) {
  return options.trainer.ask('describe', { threads: options.threads, ...request });
}

function complaintsOf(answer: Awaited<ReturnType<typeof describe>>, what: string): readonly TaskComplaint[] {
  const { details } = requireRefusal(answer, what, [INVALID_TASK]);
  const list = z.array(taskComplaint).min(1);
  return requireValid(list, details[0], `The first of the details of the failure for ${what}`);
}

function requireComplaint(complaints: readonly TaskComplaint[], path: readonly string[]): void {
  require(complaints.some((complaint) =>
    isDeepStrictEqual(complaint.path, path),
  ), `Expected a complaint with path ${JSON.stringify(path)}, got ${JSON.stringify(complaints)}`);
}
