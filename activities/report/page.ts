/**
 * The frame of a report: one HTML file that needs nothing else, neither network nor other files. A served one asks its
 * server for news.
 */
import { createHash } from 'node:crypto';
import type { RunFolder } from '../contracts/checkpoint.ts';
import { Html, markup, type Content } from './html.ts';
import { LIVE_SCRIPT } from './live-script.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

const POLICY = policy([SCRIPT], []);
const SERVED_POLICY = policy([SCRIPT, LIVE_SCRIPT], [`connect-src 'self'`]);

function policy(scripts: readonly string[], more: readonly string[]): string {
  const hashes = scripts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);
  return [
    `default-src 'none'`,
    `style-src 'unsafe-inline'`,
    `script-src ${hashes.join(' ')}`,
    ...more,
    `base-uri 'none'`,
    `form-action 'none'`,
  ].join('; ');
}

/** What a served page has more than a file. */
export interface Served {
  /** Differs if the content does. Empty: the page only says why there is no other. */
  readonly version: string;
  /** How the run or the comparison stands, above everything else. */
  readonly standing: Content;
  /** Returns the address of a run's page. */
  readonly runAddress: (run: RunFolder) => string;
}

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
export function page(title: string, head: Content, sections: readonly Section[], served?: Served): string {
  const links = sections.map(({ id, heading }) => markup`<a href="#${id}">${heading}</a>\n`);
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(served ? SERVED_POLICY : POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
${served ? markup`<body data-version="${served.version}">\n${CONNECTION}` : new Html('<body>')}
<header>
${served?.standing}
${head}
<nav>${links}</nav>
</header>
<main>
${sections.map(({ id, heading, content }) => markup`<section><h2 id="${id}">${heading}</h2>\n${content}\n</section>\n`)}
</main>
<footer>${served ? SERVED : 'Made by fire-pbt. This file needs no network and no other file.'}</footer>
<script>${new Html(SCRIPT)}</script>
${served && markup`<script>${new Html(LIVE_SCRIPT)}</script>`}
</body>
</html>
`.text;
}

const CONNECTION = markup`<p id="connection" role="status" hidden></p>`;
const SERVED = 'Served by fire-pbt. This page follows what happens. It changes nothing.';

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
