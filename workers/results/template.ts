/**
 * Expands placeholders in text. `{{NAME ARGUMENT …}}` becomes the result of NAME. `{{#if TABLE}} … {{/if}}` keeps its
 * content only if the table is stored.
 */
import { UserError } from '../processes/user-error.ts';

/** Makes the text of a placeholder. The placeholder is added to the message of a UserError that `expand` throws. */
export interface Expansion {
  /** Names of the arguments, for the message about a wrong number of arguments. */
  readonly takes: readonly string[];
  readonly expand: (...args: string[]) => string;
}

const CONDITIONAL = /\{\{#if ([^{}]*)\}\}(?: *\n)?((?:(?!\{\{#if\b).)*?)\{\{\/if\}\}(?: *\n)?/gs;
const PLACEHOLDER = /\{\{([^{}]*)\}\}/g;

/**
 * Returns the text with all placeholders expanded. Blanks separate arguments.
 *
 * @throws UserError naming a placeholder that is unknown, has a wrong number of arguments, or fails
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
      `Cannot expand ${stray}: expected each \`#if\` to have one \`/if\`, and no \`#if\` inside another`,
    );
  return left;
}
