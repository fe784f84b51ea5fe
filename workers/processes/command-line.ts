/**
 * Reads the command lines of the processes. Every process has `--help`, and unknown options are errors.
 */
import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';
import { MAX_ID_BYTES, shellWord } from '../../workflows/population/names.ts';
import { commandLine } from './places.mjs';
import { UserError } from './user-error.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * Reads the options of this process. If `--help` is among them, prints `help` and exits with code 0.
 *
 * @throws UserError for an unknown option, a missing value or a positional argument
 */
export function readOptions<const T extends Options>(
  options: T,
  help: string,
  args: readonly string[] = process.argv.slice(2),
) {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(help.trim());
    process.exit(0);
  }
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    const message = error instanceof Error ? error.message.split('. ')[0] : String(error);
    throw new UserError(`${message}. --help lists the options.`, { cause: error });
  }
}

/** Returns the command line with which a person runs a command with arguments. */
export function commandWith(command: string, args: readonly string[]): string {
  return commandLine(command, args.map(shellWord).join(' '));
}

/** Returns the command line that starts the stack in this directory; undefined: in the usual one. */
export function stackCommandIn(directory: string | undefined): string {
  return commandWith('stack', directory === undefined ? [] : ['--directory', directory]);
}

/**
 * Repeats the option's name before each of its values: `--from a b` becomes `--from a --from b`. This supports
 * wildcards: the shell expands `--from *` to several values.
 */
export function repeatOptionName(name: string, args: readonly string[]): string[] {
  let current = '';
  return args.flatMap((argument, index) => {
    if (argument.startsWith('-')) current = argument;
    return current === `--${name}` && !argument.startsWith('-') && args[index - 1] !== current
      ? [current, argument]
      : [argument];
  });
}

/**
 * Returns an option's value as a whole number, or undefined if the option is absent.
 *
 * @throws UserError "Expected `--name` to be …, got `text`"
 */
export function parseWholeNumber(
  name: string,
  text: string | undefined,
  lowest: number,
  highest: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= lowest && value <= highest) return value;
  throw new UserError(`Expected \`--${name}\` to be a whole number from ${lowest} to ${highest}, got \`${text}\``);
}

/**
 * Returns an option's value as an id or name that Temporal accepts, or undefined if the option is absent.
 *
 * @throws UserError "Expected `--name` to be …, got `text`"
 */
export function parseIdentifier(name: string, text: string | undefined): string | undefined {
  const bytes = Buffer.byteLength(text ?? ' ');
  if (bytes < 1 || bytes > MAX_ID_BYTES)
    throw new UserError(`Expected \`--${name}\` to have 1 to ${MAX_ID_BYTES} bytes, got ${bytes}`);
  return text;
}

/**
 * Returns an option's value as one of the choices, or undefined if the option is absent.
 *
 * @throws UserError "Expected `--name` to be …, got `text`"
 */
export function parseChoice<T extends string>(
  name: string,
  text: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (text === undefined) return undefined;
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new UserError(`Expected \`--${name}\` to be ${choices.join(' or ')}, got \`${text}\``);
}
