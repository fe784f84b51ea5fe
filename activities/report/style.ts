/**
 * The style sheet of reports: light and dark, on screens, phones and paper. The colours of sub-populations are those of
 * Okabe and Ito, which people with colour blindness can tell apart; dark pages have lighter ones.
 */

const LIGHT = `
  --page: #fff; --ink: #1c1f23; --muted: #6b7280; --soft: #f3f5f7; --line: #d6dae0; --link: #005a9c;
  --promotion: #f0c419;
  --p1: #0072b2; --p2: #d55e00; --p3: #009e73; --p4: #b3548c; --p5: #8a6d00; --p6: #3f8fb8;
  --p7: #5b5f66; --p8: #7a3b1d; --good: #00795a;
  color-scheme: light;`;

const DARK = `
  --page: #15181c; --ink: #e8eaed; --muted: #9aa3ad; --soft: #20252b; --line: #39414a; --link: #7cc0f2;
  --promotion: #f0c419;
  --p1: #56b4e9; --p2: #f28a3c; --p3: #2fc69b; --p4: #e79ac6; --p5: #e6c34a; --p6: #8fd3ee;
  --p7: #b9bfc7; --p8: #d99a77; --good: #3ad0a2;
  color-scheme: dark;`;

export const STYLE = `
:root {${LIGHT}
}
@media (prefers-color-scheme: dark) {
  :root {${DARK}
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 62rem; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: break-word;
}
h1 { margin: 0 0 .25rem; font-size: 1.7rem; line-height: 1.2; }
h2 { margin: 2.75rem 0 .75rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); font-size: 1.25rem; }
h3 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
p, ul, ol, dl { margin: .5rem 0; }
a { color: var(--link); }
code, pre { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { padding: .1em .3em; border-radius: 4px; background: var(--soft); }
pre { padding: .75rem 1rem; border-radius: 6px; background: var(--soft); overflow-x: auto; }
pre code { padding: 0; background: none; }
.lead { margin: 0; color: var(--muted); }
.state { display: inline-block; margin-left: .35rem; padding: .1rem .6rem; border-radius: 1rem; font-size: .8rem;
  font-weight: 600; vertical-align: middle; white-space: nowrap; border: 1px solid currentColor; color: var(--muted); }
.state.done { color: var(--good); }
.state.on { color: var(--p1); }
.state.bad { color: var(--p2); }
.top { margin: 0 0 1rem; font-size: .9rem; color: var(--muted); }
.note { display: block; color: var(--muted); font-size: .88rem; line-height: 1.35; }
.trouble { padding: .5rem .9rem; border-left: 4px solid var(--p2); background: var(--soft); }
.progress { display: block; height: .35rem; min-width: 6rem; margin-top: .2rem; border-radius: 2px;
  background: var(--line); }
td .state { margin-left: 0; }
.progress span { display: block; height: 100%; border-radius: 2px; background: var(--p1); }
#connection { position: fixed; z-index: 3; right: 0; bottom: 0; left: 0; margin: 0; padding: .6rem 1.25rem;
  background: var(--ink); color: var(--page); font-size: .9rem; }
nav { margin: .9rem 0 0; font-size: .9rem; }
nav a { margin-right: .9rem; white-space: nowrap; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.3rem, 1fr)); gap: .75rem; margin: 1.5rem 0; }
.tile { padding: .7rem .9rem; border-radius: 8px; background: var(--soft); }
.tile b { display: block; font-size: 1.3rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile span { display: block; color: var(--muted); font-size: .85rem; line-height: 1.35; }
dl.answers dt { margin-top: .9rem; font-weight: 600; }
dl.answers dd { margin: .1rem 0 0; }
dl.reasons { display: grid; grid-template-columns: minmax(9rem, max-content) 1fr; gap: .35rem 1rem; }
dl.reasons dt { font-weight: 600; }
dl.reasons dd { margin: 0; }
ol.lineage { padding-left: 1.4rem; }
figure { margin: 1rem 0; }
figure svg { display: block; width: 100%; height: auto; font-family: inherit; }
figcaption { margin-top: .35rem; color: var(--muted); font-size: .88rem; }
.narrow { display: none; }
.key { display: inline-block; width: 1.5em; height: .28em; margin: 0 .3em .2em 0; border-radius: 2px;
  vertical-align: middle; background: currentColor; }
.key.dot { width: .65em; height: .65em; border: 2px solid; border-radius: 50%; background: none; }
.key.diamond { width: .6em; height: .6em; border: 1px solid; border-radius: 0; transform: rotate(45deg);
  background: var(--promotion); }
.key.dashed { height: 0; border-top: 2px dashed; border-radius: 0; background: none; }
.key.shade { height: .8em; opacity: .3; }
.scroll { overflow-x: auto; margin: .75rem 0; }
.scroll.tall { max-height: 28rem; overflow-y: auto; border: 1px solid var(--line); border-radius: 6px; }
.scroll.tall th, .scroll.tall td { padding-left: .45rem; padding-right: .45rem; }
.scroll.tall th { position: sticky; top: 0; background: var(--soft); }
table { width: 100%; border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { font-weight: 600; }
.number { text-align: right; white-space: nowrap; }
.nowrap { white-space: nowrap; }
.bar { display: block; height: .7rem; margin-top: .35rem; border-radius: 2px; background: var(--p2); }
.bar.good { background: var(--good); }
.filters { display: flex; flex-wrap: wrap; gap: .5rem 1rem; margin: .75rem 0; font-size: .9rem; }
.filters select { font: inherit; padding: .15rem .3rem; color: inherit; background: var(--soft);
  border: 1px solid var(--line); border-radius: 4px; }
.evaluations { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem; }
.evaluations figure { margin: 0; padding: .75rem; border: 1px solid var(--line); border-radius: 8px; }
.evaluations figure:target { border-color: var(--link); box-shadow: 0 0 0 2px var(--link); }
.evaluations header { font-size: .88rem; line-height: 1.35; margin-bottom: .4rem; }
.evaluations header b { font-size: .95rem; }
.reason { font-weight: 600; }
.reason.success { color: var(--good); }
[hidden] { display: none !important; }
details summary { cursor: pointer; }
#tip { position: absolute; z-index: 2; max-width: 20rem; padding: .35rem .6rem; border-radius: 5px;
  background: var(--ink); color: var(--page); font-size: .82rem; line-height: 1.35; pointer-events: none; }
path[aria-label]:hover { stroke-width: 3; }
footer { margin-top: 3rem; color: var(--muted); font-size: .85rem; }
@media (max-width: 40rem) {
  body { padding: 1rem .8rem 3rem; font-size: 15px; }
  h1 { font-size: 1.35rem; }
  .wide { display: none; }
  .narrow { display: block; }
  .tiles { grid-template-columns: repeat(2, 1fr); }
  .list thead { display: none; }
  .list tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  .list td { display: inline-block; padding: .1rem .8rem .1rem 0; border: 0; }
  .list td:first-child { display: block; overflow-wrap: anywhere; }
  .list td:nth-child(4)::before { content: "best "; color: var(--muted); }
  dl.reasons { grid-template-columns: 1fr; gap: 0; }
  dl.reasons dd { margin-bottom: .5rem; }
}
@media print {
  :root {${LIGHT}
  }
  @page { margin: 14mm; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  nav, .filters, #tip, #connection { display: none; }
  .wide { display: block; }
  .narrow { display: none; }
  .scroll, .scroll.tall { overflow: visible; max-height: none; border: 0; }
  .scroll.tall th { position: static; }
  .scroll.tall table { font-size: 7pt; }
  .scroll.tall th, .scroll.tall td { padding: .15rem .2rem; overflow-wrap: anywhere; white-space: normal; }
  .evaluations { grid-template-columns: repeat(2, 1fr); }
  figure, tr, .tile { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  pre { white-space: pre-wrap; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
