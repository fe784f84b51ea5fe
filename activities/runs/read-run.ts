/**
 * Reads the story of a run from its folder in the bucket: nothing else is needed, neither the workflows nor trainers.
 *
 * The decisions of all rounds are kept for good, so the story of a finished run is complete. While the run trains, the
 * story ends with the newest round that all sub-populations recorded.
 */
import { z } from 'zod';
import { mergeCodes } from '../../workflows/population/decision-code.ts';
import { memberName, algorithmOf } from '../../workflows/population/names.ts';
import { plannedRounds } from '../../workflows/population/run-length.ts';
import { pickWinner, WINNER_RULES } from '../../workflows/population/winner.ts';
import type { PopulationState, Standing } from '../../workflows/population/state.ts';
import type { RunFolder } from '../contracts/checkpoint.ts';
import type { Specification } from '../specification/specification.ts';
import { MISSING } from '../storage/checkpoints.ts';
import { resultKey } from '../storage/layout.ts';
import { LevelTally, sumTallies } from './costs.ts';
import { LevelFold } from './level-fold.ts';
import { checkRecorded } from './recorded-json.ts';
import { readResult } from './recorded-result.ts';
import { readSpecification } from './recorded-specification.ts';
import { completeRounds, subPopulationNumbers } from './rounds.ts';
import type { RoundRecords } from './rounds.ts';
import { unbroken, type Chain, type LostRecord, type SealedRecord } from './sealing.ts';
import type { BestSeen, LeaderStory, RunStory } from './story.ts';

/** Rounds whose records are in memory at the same time. */
const BLOCK_ROUNDS = 16;

/** The error that a folder has no run that can be read. */
export class NoRun extends Error {
  override readonly name = 'NoRun';
  /** Why its specification cannot be used. */
  readonly reason: string;

  constructor({ folder }: RunFolder, reason: string) {
    super(`Cannot read run ${folder}: specification.json: ${reason}`);
    this.reason = reason;
  }
}

/**
 * Reads the story of the run in a folder.
 *
 * @throws NoRun if the folder has no specification of a run, or one that its records do not follow
 * @throws ObjectStoreError if the store fails
 */
export async function readRun(records: RoundRecords, storage: RunFolder): Promise<RunStory> {
  const specification = await specificationOf(records, storage);
  const { subPopulations } = specification;
  const [newest = 0] = completeRounds(await records.decided(storage), subPopulations.length);
  const levels = subPopulations.map((_, index) => ({ fold: new LevelFold(index + 1), tally: new LevelTally() }));
  const { rounds, lost } = await readLevels(records, storage, newest, subPopulations.length, (level, record) => {
    levels[level - 1]?.fold.add(record, levels[level - 2]?.fold.judgedFromAbove);
    levels[level - 1]?.tally.add(record);
  });
  const result = await readResult(records, storage);
  const folds = levels.map(({ fold }) => fold);
  const first = folds[0]?.state;
  return {
    storage,
    algorithm: algorithmOf(specification),
    specification,
    rounds,
    plannedRounds: first?.ended?.round ?? first?.extendedTo ?? plannedRounds(specification),
    subPopulations: folds.map((fold) => fold.story()),
    leader: first ? leaderIn(first, specification) : null,
    best: first?.best ? bestSeen(first.best, specification) : null,
    ...sumTallies(levels.map(({ tally }) => tally)),
    commands: folds.flatMap(({ commands }) => commands),
    endedEarly: first?.ended ?? null,
    decidedBy: mergeCodes(folds.map(({ codes }) => codes)),
    result: 'value' in result ? result.value : null,
    lost: [
      ...lost,
      ...('problem' in result && result.problem !== MISSING
        ? [{ key: resultKey(storage), reason: result.problem }]
        : []),
    ],
  };
}

/** The fields of a recorded specification without which its run cannot be told. */
const NEEDED_SPECIFICATION = z.object({
  task: z.record(z.string(), z.unknown()),
  seed: z.int(),
  steps: z.int().positive(),
  stepsPerRound: z.int().positive(),
  evalEvery: z.int().positive(),
  subPopulations: z.array(z.object({ members: z.int(), evaluators: z.int() })).min(1),
  evaluation: z.object({ significance: z.number() }),
  smoothing: z.string(),
  hyperparameters: z.record(z.string(), z.unknown()),
  winner: z.enum(WINNER_RULES),
});

/** @throws NoRun if there is none, or one that cannot be used */
async function specificationOf(records: RoundRecords, storage: RunFolder): Promise<Specification> {
  const { json, problem } = await readSpecification(records, storage);
  if (problem !== undefined || json === undefined) throw new NoRun(storage, problem ?? MISSING);
  const found = checkRecorded<Specification>(json, NEEDED_SPECIFICATION);
  if ('problem' in found) throw new NoRun(storage, found.problem);
  return found.value;
}

/**
 * Calls `add` with the records of the rounds that all sub-populations recorded, round by round, P1 first. Ends before
 * the first round of which a record is lost. Returns the number of rounds, and what is lost.
 */
async function readLevels(
  records: RoundRecords,
  storage: RunFolder,
  newest: number,
  subPopulations: number,
  add: (level: number, record: SealedRecord) => void,
): Promise<{ readonly rounds: number; readonly lost: readonly LostRecord[] }> {
  const known: (SealedRecord | undefined)[] = [];
  for (let rounds = 0; rounds < newest;) {
    const last = Math.min(rounds + BLOCK_ROUNDS, newest);
    const chains: Chain[] = [];
    // The record after the block shows whether the last one in it is the one that it follows.
    for (const level of subPopulationNumbers(subPopulations))
      chains.push(await records.chain(storage, Math.min(last + 1, newest), level, known[level - 1]));
    const whole = chains.map((chain) => unbroken(chain.records).slice(0, last - rounds));
    const length = Math.min(...whole.map(({ length: found }) => found));
    for (let index = 0; index < length; index += 1)
      for (const [level, found] of whole.entries()) {
        const record = found[index];
        if (record) add(level + 1, record);
        known[level] = record;
      }
    if (length < last - rounds) return { rounds: rounds + length, lost: chains.flatMap(({ problems }) => problems) };
    rounds = last;
  }
  return { rounds: newest, lost: [] };
}

/** Returns the member that would win now: the winner, if the run has finished. */
function leaderIn(state: PopulationState, specification: Specification): LeaderStory | null {
  const { winner } = pickWinner(state, specification.winner);
  return winner && { ...winner, member: memberName(1, winner.member) };
}

function bestSeen(best: Standing, { stepsPerRound }: Specification): BestSeen {
  const { step } = best.checkpoint;
  return { ...best, member: memberName(1, best.member), step, round: step / stepsPerRound };
}
