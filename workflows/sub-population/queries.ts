/**
 * The queries of a sub-population.
 */
import { setHandler } from '@temporalio/workflow';
import { evaluatorsQuery, lineageQuery, membersQuery, MESSAGE_DESCRIPTIONS, scheduleQuery } from '../messages.ts';
import type { JudgedEvaluation } from '../population/events.ts';
import { lineageOf } from '../population/lineage.ts';
import { memberName } from '../population/names.ts';
import { bestMember } from '../population/scores.ts';
import type { HistorySegment, PopulationState } from '../population/state.ts';
import { viewEvaluators, viewMembers } from '../population/views.ts';

/** What the answers are made of; the functions return the current values. */
interface Sources {
  readonly level: number;
  readonly state: () => PopulationState;
  readonly judged: () => readonly JudgedEvaluation[];
}

/** Registers the handlers of all queries. */
export function answerQueries({ level, state, judged }: Sources): void {
  const historyOf = (member: number | undefined): { member: string; history: readonly HistorySegment[] } => {
    const { members } = state();
    const index = member ?? bestMember(state())?.index ?? 0;
    const found = members[index];
    if (found) return { member: memberName(level, index), history: found.history };
    throw new Error(
      `Expected the query's input to be a member's number from 0 to ${members.length - 1} or nothing, ` +
        `got \`${JSON.stringify(member)}\``,
    );
  };
  setHandler(membersQuery, () => viewMembers(state()), { description: MESSAGE_DESCRIPTIONS.members });
  setHandler(
    scheduleQuery,
    (input) => {
      const { member, history } = historyOf(input);
      return { member, schedule: history };
    },
    { description: MESSAGE_DESCRIPTIONS.schedule },
  );
  setHandler(
    lineageQuery,
    (input) => {
      const { member, history } = historyOf(input);
      return { member, lineage: lineageOf(history) };
    },
    { description: MESSAGE_DESCRIPTIONS.lineage },
  );
  setHandler(evaluatorsQuery, () => viewEvaluators(state(), judged()), {
    description: MESSAGE_DESCRIPTIONS.evaluators,
  });
}
