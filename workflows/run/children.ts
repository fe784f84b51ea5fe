/**
 * The children of a run's root: every sub-population and evaluator, started together and waited for together.
 */
import {
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  ParentClosePolicy,
  startChild,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { ChildWorkflowHandle, Workflow } from '@temporalio/workflow';
import { evaluator } from '../sub-population/evaluator.ts';
import { childWorkflowId, evaluatorName, resumeCommand, subPopulationName } from '../population/names.ts';
import { reasonOf } from './activities.ts';
import type { RoundReference } from '../../activities/contracts/run.ts';
import type { Run } from './activities.ts';
import { subPopulation } from '../sub-population/sub-population.ts';

export interface Children {
  readonly levels: readonly ChildWorkflowHandle<typeof subPopulation>[];
  /** evaluators[level − 1][slot] */
  readonly evaluators: readonly (readonly ChildWorkflowHandle<typeof evaluator>[])[];
}

/** Returns the names of all of a run's children. */
export function childNames(run: Run): string[] {
  return run.specification.subPopulations.flatMap(({ evaluators }, index) => [
    subPopulationName(index + 1),
    ...Array.from({ length: evaluators }, (_, slot) => evaluatorName(index + 1, slot)),
  ]);
}

/**
 * Starts all children. They resume from the `recorded` rounds, P1's first; without records they start from step 0.
 *
 * @throws ApplicationFailure of type 'ChildExists' if the id of a child is taken, by another workflow or by a child
 *   that a reset left running
 */
export async function startChildren(run: Run, recorded: readonly RoundReference[]): Promise<Children> {
  try {
    return { levels: await startSubPopulations(run, recorded), evaluators: await startEvaluators(run) };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const advice =
      `If a reset left it running, reset the root to its first task: ${resumeCommand(run.workflowId)}. Otherwise end ` +
      'it, or start the run under another id.';
    throw ApplicationFailure.create({
      message: `Cannot start run ${run.workflowId}: workflow ${error.workflowId} is already running. ${advice}`,
      type: 'ChildExists',
      nonRetryable: true,
    });
  }
}

async function startSubPopulations(
  run: Run,
  recorded: readonly RoundReference[],
): Promise<ChildWorkflowHandle<typeof subPopulation>[]> {
  return Promise.all(
    run.specification.subPopulations.map(({ members }, index) =>
      startChild(subPopulation, {
        workflowId: childWorkflowId(run.workflowId, subPopulationName(index + 1)),
        args: [
          {
            run,
            subPopulation: index + 1,
            recorded: recorded[index] ?? null,
            recordedBelow: recorded[index - 1] ?? null,
            carried: null,
          },
        ],
        parentClosePolicy: ParentClosePolicy.TERMINATE,
        staticSummary:
          `${subPopulationName(index + 1)}: ${members} members, ` +
          `${index === 0 ? 'ranked by score' : 'ranked by improvement rate'}`,
      }),
    ),
  );
}

async function startEvaluators(run: Run): Promise<ChildWorkflowHandle<typeof evaluator>[][]> {
  return Promise.all(
    run.specification.subPopulations.map(({ evaluators }, index) =>
      Promise.all(
        Array.from({ length: evaluators }, (_, slot) =>
          startChild(evaluator, {
            workflowId: childWorkflowId(run.workflowId, evaluatorName(index + 1, slot)),
            args: [{ run, subPopulation: index + 1, slot, carried: null }],
            parentClosePolicy: ParentClosePolicy.TERMINATE,
            staticSummary:
              `${evaluatorName(index + 1, slot)}: compares members of ${subPopulationName(index + 1)} with ` +
              `${subPopulationName(index)}'s best`,
          }),
        ),
      ),
    ),
  );
}

/** Returns the child's result. @throws ApplicationFailure of type 'ChildFailed' if the child ends unexpectedly */
export async function resultOf<W extends Workflow>(
  child: ChildWorkflowHandle<W>,
  name: string,
  workflowId: string,
): Promise<Awaited<ReturnType<W>>> {
  try {
    return (await child.result()) as Awaited<ReturnType<W>>;
  } catch (error) {
    // A child that was cancelled alone has ended unexpectedly. A child that was cancelled with the root has not.
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
    const message =
      `${name} of run ${workflowId} ended unexpectedly: ${reasonOf(error)}. Repair the cause, then resume the ` +
      `run from its last complete round: ${resumeCommand(workflowId)}`;
    throw ApplicationFailure.create({
      message,
      type: 'ChildFailed',
      nonRetryable: true,
      ...(error instanceof Error ? { cause: error } : {}),
    });
  }
}
