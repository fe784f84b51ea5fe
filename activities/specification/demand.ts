/**
 * Demands of a run on Temporal: the longest of each history, the largest of each message.
 */
import { reportsOf } from '../../workflows/population/reporting.ts';
import { subPopulationName } from '../../workflows/population/names.ts';
import { limits } from './limits.ts';
import type { Sizes } from './sizes.ts';
import type { Specification } from './specification.ts';
import {
  activity,
  child,
  EVENT_BYTES,
  NOTHING,
  received,
  sent,
  sum,
  SUMMARY_BYTES,
  times,
  WORKFLOW_TASK,
  type Tally,
} from './tally.ts';
import { TEMPORAL_LIMITS } from './temporal-limits.ts';

/** Growth of a text as part of JSON: quotes are written with a backslash. */
const ESCAPED = 1.25;
/** Bytes of the verdicts that an evaluator carries on as text. */
const STORY_BYTES = 12 * 300;
/** Bytes of the records that a run refuses. */
const WARNING_BYTES = 2_000;
/** Bytes of a result's summary, with the schedule cut short (result.ts). */
const RESULT_BYTES = 18_000;

/** Bytes of what trainers say of a task with some hundred hyperparameters. */
const DESCRIPTION_BYTES = 20_000;
/** How often planning looks who serves the trainers' task queue (workflows/run/describing.ts). */
const NOTICES = 3;

/** A history, or the longest of those that a workflow continues as new into. */
export interface HistoryDemand {
  readonly perRound: Tally;
  readonly longest: Tally;
}

/** The size of one kind of argument, result or message. */
export interface PayloadDemand {
  readonly what: string;
  readonly sizeBytes: number;
}

export function rootDemand({ subPopulations, steps, stepsPerRound }: Specification, sizes: Sizes): HistoryDemand {
  const evaluators = subPopulations.reduce((sum, one) => sum + one.evaluators, 0);
  const children = subPopulations.length + evaluators;
  const perRound = sum(received(sizes.completed), activity(sizes.location + 100, 50), {
    events: 1,
    bytes: EVENT_BYTES,
  });
  const once = sum(
    { events: 1, bytes: 2 * EVENT_BYTES + sizes.specification },
    WORKFLOW_TASK,
    activity(sizes.specification + sizes.workflowId, sizes.specification),
    activity(sizes.specification, DESCRIPTION_BYTES),
    times(NOTICES, sum({ events: 2, bytes: 2 * EVENT_BYTES }, activity(300, 50), WORKFLOW_TASK)),
    activity(2 * sizes.specification + sizes.workflowId + DESCRIPTION_BYTES, sizes.run + WARNING_BYTES + 1_000),
    activity(children * sizes.workflowId, children * sizes.workflowId),
    // The search for the newest round, and the move of later ones.
    activity(sizes.location, subPopulations.length * sizes.recorded + WARNING_BYTES),
    activity(sizes.location + 100, 50),
    times(children, child(sizes.workflowId, sizes.run + 2 * sizes.recorded + 100)),
    times(subPopulations.length, sent(sizes.workflowId, sizes.steering)),
    { events: 0, bytes: sizes.winner },
    // The watchdog, two reports, the result, the report for people, the last collection, the histories.
    activity(sizes.run, 1_000),
    times(2, activity(sizes.run + sizes.reference, 2_000)),
    activity(sizes.result, RESULT_BYTES),
    activity(sizes.location, sizes.location + 100),
    activity(sizes.location + 100, 50),
    activity(sizes.location + sizes.workflowId, 100),
    { events: 1, bytes: EVENT_BYTES + RESULT_BYTES },
  );
  return { perRound, longest: sum(once, times(reportsOf(steps / stepsPerRound), perRound)) };
}

export function subPopulationDemand({ subPopulations }: Specification, level: number, sizes: Sizes): HistoryDemand {
  const { members, evaluators } = at(subPopulations, level);
  const below = at(subPopulations, level - 1);
  const above = at(subPopulations, level + 1);
  const isLowest = level === 1;
  const isHighest = level === subPopulations.length;
  const perRound = sum(
    times(members, activity(sizes.trainRequest, sizes.trainOutcome)),
    times(evaluators, sum(sent(sizes.workflowId, sizes.instruction), received(sizes.report))),
    isHighest ? NOTHING : sum(sent(sizes.workflowId, sizes.news(members)), received(sizes.batch(above.evaluators))),
    isLowest
      ? sent(sizes.workflowId, sizes.completed)
      : sum(received(sizes.news(below.members)), sent(sizes.workflowId, sizes.batch(evaluators))),
    activity(sizes.saved(members, evaluators, above.evaluators), sizes.recorded),
  );
  const parts = [sizes.state(members, evaluators), isLowest ? 0 : sizes.state(below.members, below.evaluators)].filter(
    (bytes) => bytes > 0,
  );
  const loaded = sum(
    ...parts.map((bytes) =>
      sum(
        times(
          Math.ceil(bytes / limits.statePartCharacters),
          activity(sizes.location + sizes.recorded + 100, sizes.recorded + 50),
        ),
        {
          events: 0,
          bytes: Math.ceil(ESCAPED * bytes),
        },
      ),
    ),
  );
  const beginning = sum(
    { events: 1, bytes: 2 * EVENT_BYTES + sizes.carried(members, evaluators, below.members) },
    WORKFLOW_TASK,
    loaded,
  );
  return { perRound, longest: continued(beginning, perRound) };
}

export function evaluatorDemand(sizes: Sizes): HistoryDemand {
  const perRound = sum(
    received(sizes.instruction),
    activity(sizes.trainRequest, sizes.trainOutcome),
    sent(sizes.workflowId, sizes.report),
  );
  const beginning = sum(
    { events: 1, bytes: 2 * EVENT_BYTES + sizes.run + sizes.instruction + STORY_BYTES },
    WORKFLOW_TASK,
  );
  return { perRound, longest: continued(beginning, perRound) };
}

/** Returns the longest history of a workflow that continues as new after the round in which the server suggests it. */
function continued(beginning: Tally, perRound: Tally): Tally {
  const { suggestedEvents, suggestedBytes } = TEMPORAL_LIMITS;
  return sum(
    { events: Math.max(suggestedEvents, beginning.events), bytes: Math.max(suggestedBytes, beginning.bytes) },
    perRound,
  );
}

export function payloadsOf({ subPopulations }: Specification, sizes: Sizes): PayloadDemand[] {
  const levels = subPopulations.map((_, index) => index + 1);
  return [
    { what: 'what a trainer is asked', sizeBytes: sizes.trainRequest },
    { what: 'what a trainer answers', sizeBytes: sizes.trainOutcome },
    { what: "an evaluator's instruction", sizeBytes: sizes.instruction },
    { what: "an evaluator's report", sizeBytes: sizes.report },
    { what: 'the report of a round to the root', sizeBytes: sizes.completed },
    { what: 'the winner with its schedule', sizeBytes: sizes.result },
    ...levels.flatMap((level) => {
      const { members, evaluators } = at(subPopulations, level);
      const name = subPopulationName(level);
      return [
        {
          what: `the record of a round of ${name}`,
          sizeBytes: sizes.saved(members, evaluators, at(subPopulations, level + 1).evaluators),
        },
        {
          what: `what ${name} continues as new with`,
          sizeBytes: sizes.carried(members, evaluators, at(subPopulations, level - 1).members),
        },
        ...(level < levels.length
          ? [{ what: `the news from ${name} to ${subPopulationName(level + 1)}`, sizeBytes: sizes.news(members) }]
          : []),
        ...(level > 1
          ? [
              {
                what: `the promotions from ${name} into ${subPopulationName(level - 1)}`,
                sizeBytes: sizes.batch(evaluators),
              },
            ]
          : []),
      ];
    }),
  ];
}

export function messagesOf({ subPopulations }: Specification, sizes: Sizes): PayloadDemand[] {
  const event = EVENT_BYTES + sizes.workflowId;
  const children = subPopulations.reduce((total, { evaluators }) => total + 1 + evaluators, 0);
  return [
    { what: 'the start of all children', sizeBytes: children * (event + sizes.run) },
    ...subPopulations.map(({ members, evaluators }, index) => ({
      what: `the start of a round of ${subPopulationName(index + 1)}`,
      sizeBytes: members * (event + SUMMARY_BYTES + sizes.trainRequest) + evaluators * (event + sizes.instruction),
    })),
  ];
}

function at(
  subPopulations: Specification['subPopulations'],
  level: number,
): { readonly members: number; readonly evaluators: number } {
  return subPopulations[level - 1] ?? { members: 0, evaluators: 0 };
}
