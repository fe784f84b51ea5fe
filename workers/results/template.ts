/**
 * Prose with placeholders: `{{NAME ARGUMENT …}}` becomes what NAME gives; `{{#if TABLE}} … {{/if}}` stays only where
 * the table is stored.
 */
import { UserError } from '../processes/user-error.ts';

/** Gives the text of a placeholder; what it throws as UserError is told with the placeholder. */
export interface Expansion {
  /** Names of the arguments, for the message where their number is another. */
  readonly takes: readonly string[];
  readonly expand: (...args: string[]) => string;
}

const CONDITIONAL = /\{\{#if ([^{}]*)\}\}(?: *\n)?((?:(?!\{\{#if\b).)*?)\{\{\/if\}\}(?: *\n)?/gs;
const PLACEHOLDER = /\{\{([^{}]*)\}\}/g;

/**
 * Returns the prose with every placeholder expanded; of several arguments each is a word.
 *
 * @throws UserError naming the placeholder that is unknown, wrongly used, or has nothing to give
 */
export function expandTemplate(
  prose: string,
  expansions: Readonly<Record<string, Expansion>>,
  isStored: (table: string) => boolean,
): string {
  return dropConditionals(prose, isStored).replace(PLACEHOLDER, (placeholder, inside: string) => {
    const [name = '', ...args] = inside.trim().split(/\s+/);
    const expansion = Object.hasOwn(expansions, name) ? expansions[name] : undefined;
    if (expansion === undefined)
      throw new UserError(
        `Cannot expand ${placeholder}: expected ${Object.keys(expansions).join(', ')} or #if … /if, got \`${name}\``,
      );
    if (args.length !== expansion.takes.length)
      throw new UserError(`Cannot expand ${placeholder}: expected \`${[name, ...expansion.takes].join(' ')}\``);
    try {
      return expansion.expand(...args);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(`Cannot expand ${placeholder}: ${error.message}`, { cause: error });
    }
  });
}

function dropConditionals(prose: string, isStored: (table: string) => boolean): string {
  const left = prose.replace(CONDITIONAL, (_whole, table: string, body: string) =>
    isStored(table.trim()) ? body : '',
  );
  const stray = /\{\{(?:#if\b[^{}]*|\/if)\}\}/.exec(left)?.[0];
  if (stray !== undefined)
    throw new UserError(
      `Cannot expand ${stray}: expected each \`#if\` to be closed by one \`/if\`, none within another`,
    );
  return left;
}
