/**
 * The frame of a report: one HTML file that needs nothing else, neither network nor other files.
 */
import { createHash } from 'node:crypto';
import { Html, markup, type Content } from './html.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

const POLICY = [
  `default-src 'none'`,
  `style-src 'unsafe-inline'`,
  `script-src 'sha256-${createHash('sha256').update(SCRIPT).digest('base64')}'`,
  `base-uri 'none'`,
  `form-action 'none'`,
].join('; ');

/** A part of a report with its heading. */
export interface Section {
  /** For links within the page. */
  readonly id: string;
  readonly heading: string;
  readonly content: Content;
}

/** How to call the commands of a report if there is no clone. */
export const WITH_THE_PACKAGE = markup`<p>With the npm package, write <code>npx fire-pbt start …</code>,
<code>npx fire-pbt report …</code> and so on.</p>`;

/** Returns the text of an HTML file; `head` stands above the links to the sections. */
export function page(title: string, head: Content, sections: readonly Section[]): string {
  const links = sections.map(({ id, heading }) => markup`<a href="#${id}">${heading}</a>\n`);
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header>
${head}
<nav>${links}</nav>
</header>
<main>
${sections.map(({ id, heading, content }) => markup`<section><h2 id="${id}">${heading}</h2>\n${content}\n</section>\n`)}
</main>
<footer>Made by fire-pbt. This file needs no network and no other file.</footer>
<script>${new Html(SCRIPT)}</script>
</body>
</html>
`.text;
}

/** Returns a figure whose chart is drawn twice: for a screen or paper, and for a phone. */
export function figure(name: string, drawn: { readonly wide: Html; readonly narrow: Html }, caption: Content): Html {
  return markup`<figure data-chart="${name}">
<div class="wide">${drawn.wide}</div><div class="narrow">${drawn.narrow}</div>
<figcaption>${caption}</figcaption></figure>
`;
}

/** Returns a sample of a colour for a caption. */
export function key(colour: string, shape: 'line' | 'dashed' | 'dot' | 'diamond' | 'shade' = 'line'): Html {
  return markup`<span class="key ${shape}" style="color:${colour}"></span>`;
}
