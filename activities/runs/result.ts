/**
 * The result of a run, composed from what its rounds recorded: `result/result.json` for people and programs, and a
 * summary for the workflow.
 *
 * Lost decisions of a round cost that round's story, not the result. Everything but `cost`, `decidedBy` and
 * `undeleted` follows from specification and seed, except keys and ids, which name the run.
 */
import { createHash } from 'node:crypto';
import type { Score } from '../../workflows/algorithm/curve.ts';
import { mergeCodes } from '../../workflows/population/decision-code.ts';
import { lineageOf } from '../../workflows/population/lineage.ts';
import { algorithmOf, memberName } from '../../workflows/population/names.ts';
import type { RoundEvent } from '../../workflows/population/events.ts';
import type { HistorySegment, PopulationState } from '../../workflows/population/state.ts';
import { otherRule, type WinnerRule } from '../../workflows/population/winner.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { Other, OtherSummary, ResultSummary, WriteResultRequest } from '../contracts/result.ts';
import { RESULT_FORMAT } from '../contracts/run-result.ts';
import type { DecidedRound, DecisionCounts, FinalSubPopulation, RunResult } from '../contracts/run-result.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import { MISSING } from '../storage/checkpoints.ts';
import { decisionsKey, resultKey } from '../storage/layout.ts';
import { describeEvent } from './described-decisions.ts';
import { readableJson } from '../storage/readable-json.ts';
import { referenceTo, subPopulationNumbers, type RoundRecord, type RoundRecords } from './rounds.ts';
import { foldEvents, refused, RESTORE_OR_RESET } from './sealing.ts';

/** Longest schedule in the summary, as JSON: lists of workflows show their results in full. */
const MAX_SUMMARY_SCHEDULE_CHARACTERS = 12_000;

/** Most lost records that a summary names; `result.json` names all. */
const MAX_SUMMARY_LOST = 20;

/**
 * Composes a run's result from its recorded rounds, writes it, and returns what the workflow returns.
 *
 * @throws ApplicationFailure of type 'RecordRefused', not retryable, if the state after the last round is lost
 */
export async function writeResult(
  objects: ObjectStore,
  rounds: RoundRecords,
  request: WriteResultRequest,
): Promise<ResultSummary> {
  const { storage, workflowId, specification, winner, other, report } = request;
  const levels = await Promise.all(
    subPopulationNumbers(specification.subPopulations.length).map((level) =>
      readLevel(rounds, storage, request.rounds, level),
    ),
  );
  const lost = levels.flatMap((one) => one.lost);
  const key = resultKey(storage);
  const summary: ResultSummary = {
    workflowId,
    algorithm: algorithmOf(specification),
    seed: specification.seed,
    rounds: request.rounds,
    steps: request.rounds * specification.stepsPerRound,
    winner: { member: memberName(1, winner.member), objective: winner.score, checkpoint: winner.checkpoint },
    ...(other ? { other: describeOther(other, otherRule(specification.winner)) } : {}),
    score: request.score,
    testScore: report.testScore,
    ...(report.untouchedScore === undefined ? {} : { untouchedScore: report.untouchedScore }),
    ...(request.retraced
      ? { retraced: { ...request.retraced, gap: gapOf(request.retraced.testScore, report.testScore) } }
      : {}),
    promotions: levels.map(({ final }) => final.promotions),
    verdicts: sumCounts(levels.map(({ final }) => final.verdicts)),
    schedule: newestWithin(winner.history, MAX_SUMMARY_SCHEDULE_CHARACTERS),
    decisionsSha256: lost.length > 0 ? null : digestDecisions(levels.map(({ records }) => records)),
    lost: lost.slice(0, MAX_SUMMARY_LOST),
    decidedBy: mergeCodes(levels.map(({ final }) => final.decidedBy)),
    storage,
    resultKey: key,
    files: [key, ...report.files],
    undeleted: request.undeleted,
    ...(request.stoppedEarly ? { stoppedEarly: request.stoppedEarly } : {}),
  };
  const result: RunResult = {
    format: RESULT_FORMAT,
    ...summary,
    lost,
    schedule: winner.history,
    lineage: lineageOf(winner.history),
    subPopulations: levels.map(({ level, final }) => describeFinal(level, final)),
    counts: countsOf(levels.map(({ records }) => records)),
    specification,
    decisions: levelsByRound(request.rounds, levels),
    cost: {
      trainerSeconds: levels
        .map(({ records }) => records.reduce((sum, { cost }) => sum + cost.trainerSeconds, 0))
        .reduce((sum, seconds) => sum + seconds, 0),
    },
  };
  await objects.put(storage.bucket, key, readableJson(result), 'application/json');
  return summary;
}

function describeOther({ member, score, checkpoint, report }: Other, rule: WinnerRule): OtherSummary {
  const { files = [], ...scores } = report ?? {};
  return { rule, member: memberName(1, member), objective: score, ...scores, checkpoint, files };
}

/** What is recorded of a sub-population. */
interface RecordedLevel {
  readonly level: number;
  /** Those that are not lost. */
  readonly records: readonly RoundRecord[];
  /** The others, as `key: reason`. */
  readonly lost: readonly string[];
  /** The state after the last round. */
  readonly final: PopulationState;
}

async function readLevel(
  rounds: RoundRecords,
  storage: RunFolder,
  lastRound: number,
  level: number,
): Promise<RecordedLevel> {
  const { records: all, problems } = await rounds.chain(storage, lastRound, level);
  const records = all.filter((record) => record !== undefined);
  const lost = problems.map(({ key, reason }) => `${key}: ${reason}`);
  if (records.length === lastRound) return { level, records, lost, final: foldEvents(records) };
  const last = all.at(-1);
  const key = decisionsKey(storage, lastRound, level);
  if (last === undefined)
    throw refused(key, problems.find((one) => one.key === key)?.reason ?? MISSING, RESTORE_OR_RESET);
  return { level, records, lost, final: await rounds.state(storage, lastRound, level, referenceTo(last)) };
}

/** Returns by how much a run's test score is above that of its retrace; null if one of them diverged. */
export function gapOf(found: Score, retraced: Score): number | null {
  return typeof found === 'number' && typeof retraced === 'number' ? found - retraced : null;
}

/** Returns the newest segments of a history that fit; `result.json` has them all. */
function newestWithin(history: readonly HistorySegment[], maxCharacters: number): readonly HistorySegment[] {
  let left = maxCharacters;
  let from = history.length;
  for (const segment of [...history].reverse()) {
    left -= JSON.stringify(segment).length;
    if (left < 0) break;
    from -= 1;
  }
  return history.slice(from);
}

function describeFinal(
  level: number,
  { members, promotions, verdicts, decidedBy }: PopulationState,
): FinalSubPopulation {
  return {
    subPopulation: level,
    promotions,
    verdicts,
    decidedBy,
    members: members.map(({ checkpoint, hyperparameters, curve, fitness, stopped }, member) => ({
      member: memberName(level, member),
      newestScore: curve.scores.at(-1) ?? null,
      fitness,
      hyperparameters,
      checkpointSha256: checkpoint?.sha256 ?? null,
      ...(stopped ? { stopped } : {}),
    })),
  };
}

/** Returns how often each kind of decision was made in the whole run. */
function countsOf(levels: readonly (readonly RoundRecord[])[]): DecisionCounts {
  const counts = { assignments: 0, exploits: 0, judgements: 0, promotions: 0, evaluationsEnded: 0 };
  for (const event of levels.flat().flatMap(({ events }) => events)) {
    if (event.kind === 'assigned') counts.assignments += event.assignments.length;
    if (event.kind === 'exploited') counts.exploits += event.copies.length;
    if (event.kind === 'judged') counts.judgements += event.evaluations.length;
    if (event.kind === 'promoted') counts.promotions += event.promotions.length;
    if (event.kind === 'evaluations-ended') counts.evaluationsEnded += event.ended.length;
  }
  return counts;
}

/** Returns what was decided in every round; null: it is lost. */
function levelsByRound(rounds: number, levels: readonly RecordedLevel[]): DecidedRound[] {
  const byRound = levels.map(({ level, records }) => ({
    level,
    events: new Map(records.map(({ round, events }) => [round, events])),
  }));
  return Array.from({ length: rounds }, (_, index) => index + 1).map((round) => ({
    round,
    subPopulations: byRound.map(({ level, events }) => ({
      subPopulation: level,
      events: events.get(round)?.flatMap((event) => describeEvent(level, event)) ?? null,
    })),
  }));
}

/**
 * Returns a digest over every event of every round. It leaves out the keys of objects, which hold the run's id, the
 * random ids of commands, extensions (a run decides the same whether it was extended or planned as long), and the names
 * of the code that decided.
 */
function digestDecisions(levels: readonly (readonly RoundRecord[])[]): string {
  const hash = createHash('sha256');
  for (const { round, subPopulation, events } of levels.flat())
    hash.update(`${canonical({ round, subPopulation, events: events.filter(isDigested) })}\n`);
  return hash.digest('hex');
}

function isDigested({ kind }: RoundEvent): boolean {
  return kind !== 'extended' && kind !== 'decided-by';
}

function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  // Only a checkpoint's reference has a `key` beside its digest, only a command an `id`.
  const entries = Object.entries(value).filter(
    ([key]) => !(key === 'key' && 'sha256' in value) && !(key === 'id' && 'command' in value),
  );
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`)
    .join(',')}}`;
}

/** Returns the sums of counts by name, in alphabetical order. */
export function sumCounts(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total = new Map<string, number>();
  for (const [name, count] of all.flatMap((counts) => Object.entries(counts)))
    total.set(name, (total.get(name) ?? 0) + count);
  return Object.fromEntries([...total].sort(([a], [b]) => (a < b ? -1 : 1)));
}
