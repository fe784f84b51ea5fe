/**
 * HTML as values: what a template inserts is escaped unless it is HTML itself.
 */

/** A piece of HTML. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template may insert: lists are joined, and undefined and null are left out. */
export type Content = Html | string | number | null | undefined | readonly Content[];

/** Returns the HTML of a template. Escapes inserted text for elements and for quoted attributes. */
export function markup(parts: TemplateStringsArray, ...inserted: readonly Content[]): Html {
  return new Html(parts.map((part, index) => `${part}${htmlText(inserted[index])}`).join(''));
}

/** Returns text as it stands in elements and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Returns a table in a box that scrolls sideways; cells of the columns `numbers` are aligned to the right. */
export function table(
  head: readonly Content[],
  rows: readonly (readonly Content[])[],
  numbers: readonly number[] = [],
): Html {
  const cell = (tag: 'td' | 'th', content: Content, column: number): Html =>
    new Html(`<${tag}${numbers.includes(column) ? ' class="number"' : ''}>${htmlText(content)}</${tag}>`);
  const line = (tag: 'td' | 'th', cells: readonly Content[]): Html =>
    markup`<tr>${cells.map((content, column) => cell(tag, content, column))}</tr>\n`;
  return markup`<div class="scroll"><table>
<thead>${line('th', head)}</thead>
<tbody>${rows.map((row) => line('td', row))}</tbody></table></div>
`;
}

function htmlText(content: Content): string {
  if (content === null || content === undefined) return '';
  if (content instanceof Html) return content.text;
  return typeof content === 'object' ? content.map(htmlText).join('') : escapeHtml(String(content));
}
