/**
 * Hands the commands of each activation out of the workflow sandbox. Only the bundle that `npm run replay` uses has
 * this interceptor; it changes no command.
 */
import { proxySinks } from '@temporalio/workflow';
import type { ConcludeActivationInput, Sinks, WorkflowInterceptors } from '@temporalio/workflow';

export type Command = ConcludeActivationInput['commands'][number];

export interface CommandSinks extends Sinks {
  readonly replay: { readonly commands: (commands: readonly Command[]) => void };
}

const { replay } = proxySinks<CommandSinks>();

/** Registers the interceptor; the SDK looks for this name. */
export function interceptors(): WorkflowInterceptors {
  return {
    internals: [
      {
        concludeActivation: (input, next) => {
          const output = next(input);
          if (output.commands.length > 0) replay.commands(output.commands);
          return output;
        },
      },
    ],
  };
}
