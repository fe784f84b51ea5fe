/**
 * Errors that the user can act on. They are printed without a stack trace, and the process exits with code 1.
 */
import { causesOf } from '../../workflows/run/causes.ts';

/** An error whose message says what failed and what the user can do. */
export class UserError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UserError';
  }
}

/**
 * Runs the main function of a process and exits with the code that it returns. Prints the message of a UserError and
 * exits with 1. Prints the stack trace of any other error, which is a defect in the code.
 */
export async function runProcess(main: () => Promise<number>): Promise<void> {
  // Suppresses the AWS SDK's advice to update Node: ten lines in the output of every process.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  try {
    process.exit(await main());
  } catch (error) {
    console.error(error instanceof UserError ? error.message : error);
    process.exit(1);
  }
}

/** Waits until a file is written. @throws UserError naming the file, if that fails */
export async function untilWritten(file: string, writing: Promise<void>): Promise<void> {
  await writing.catch((error: unknown) => {
    throw new UserError(`Cannot write ${file}: ${reasonOf(error)}`, { cause: error });
  });
}

/** Returns the first line of the error's innermost cause, or of the error itself if the cause has no message. */
export function reasonOf(error: unknown): string {
  const reasons = [causesOf(error).at(-1), error]
    .map((one): unknown => (one instanceof AggregateError ? one.errors[0] : one))
    .map((one) => (one instanceof Error ? one.message : String(one)));
  const reason = (reasons.find((one) => one.trim() !== '') ?? 'unknown reason').trim().split('\n')[0] ?? '';
  // Temporal's Rust core prints its errors as structures that contain the message.
  return /^tonic::.*message: "([^"]+)"/.exec(reason)?.[1] ?? reason;
}
