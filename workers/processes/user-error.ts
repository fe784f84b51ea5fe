/**
 * Failures that a person can act on: one line and exit code 1, never a stack trace.
 */

/** What went wrong and what to do about it, in words for the terminal. */
export class UserError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UserError';
  }
}

/**
 * Runs a process's main function and ends the process with the code it returns. A UserError is told in its own words
 * and ends it with 1; anything else is a mistake in the code, whose stack is wanted.
 */
export async function runProcess(main: () => Promise<number>): Promise<void> {
  // The AWS SDK's advice to update Node, ten lines in every process's output, is for who chooses this project's
  // versions.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  try {
    process.exit(await main());
  } catch (error) {
    console.error(error instanceof UserError ? error.message : error);
    process.exit(1);
  }
}

/** The first line of an error's message, its innermost cause where that says more. */
export function reasonOf(error: unknown): string {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  const reasons = [innermost, error]
    .map((one): unknown => (one instanceof AggregateError ? one.errors[0] : one))
    .map((one) => (one instanceof Error ? one.message : String(one)));
  const reason = (reasons.find((one) => one.trim() !== '') ?? 'unknown reason').trim().split('\n')[0] ?? '';
  // Errors of Temporal's Rust core are printed as structures, the message within.
  return /^tonic::.*message: "([^"]+)"/.exec(reason)?.[1] ?? reason;
}
