/**
 * Passes the commands of each activation out of the workflow sandbox. Only the bundle of `npm run replay` has this
 * interceptor. It changes no command.
 */
import { proxySinks } from '@temporalio/workflow';
import type { ConcludeActivationInput, Sinks, WorkflowInterceptors } from '@temporalio/workflow';

export type Command = ConcludeActivationInput['commands'][number];

export interface CommandSinks extends Sinks {
  readonly replay: { readonly commands: (commands: readonly Command[]) => void };
}

const { replay } = proxySinks<CommandSinks>();

/** Registers the interceptor. The SDK requires this name. */
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
