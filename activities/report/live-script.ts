/**
 * The script of a report that a server serves: it asks whether there is a newer version, and shows it without a reload.
 * What the reader scrolled to, opened and chose stays.
 */
import { REPLACED_EVENT } from './script.ts';

/** Between two questions. */
const EVERY_MS = 2_000;

export const LIVE_SCRIPT = `
'use strict';
(() => {
  const connection = document.getElementById('connection');
  let lostAt = null;
  const tell = (text) => {
    connection.hidden = text === '';
    if (connection.textContent !== text) connection.textContent = text;
  };
  const all = (selector) => [...document.querySelectorAll(selector)];
  const top = (element) => element.getBoundingClientRect().top;

  /** Returns a function that puts back what the reader sees and does. */
  const remember = () => {
    const opened = all('details[id]').map(({ id, open }) => [id, open]);
    const boxes = all('.scroll').map((box) => [box.scrollTop, box.scrollLeft]);
    const read = (one) => one.getClientRects().length > 0 && top(one) <= window.innerHeight / 3;
    const above = all('h2[id], figure[id]').filter(read);
    const seen = above.sort((a, b) => top(a) - top(b)).at(-1);
    const at = seen && [seen.id, top(seen)];
    const { name, id } = document.activeElement;
    const href = document.activeElement.getAttribute('href');
    return () => {
      for (const [id, open] of opened) {
        const again = document.getElementById(id);
        if (again) again.open = open;
      }
      all('.scroll').forEach((box, index) => box.scrollTo(...(boxes[index] ?? [0, 0]).toReversed()));
      const focused = all('select, a, summary').find(
        (one) => (name && one.name === name) || (href && one.getAttribute('href') === href) || (id && one.id === id),
      );
      if (focused) focused.focus({ preventScroll: true });
      const again = at && document.getElementById(at[0]);
      if (again) window.scrollBy(0, top(again) - at[1]);
    };
  };

  const replace = (next) => {
    const putBack = remember();
    document.title = next.title;
    document.body.dataset.version = next.body.dataset.version;
    for (const part of ['header', 'main'])
      document.querySelector('body > ' + part).replaceWith(next.querySelector('body > ' + part));
    document.dispatchEvent(new Event('${REPLACED_EVENT}'));
    putBack();
  };

  const ask = async () => {
    const { version } = document.body.dataset;
    const response = await fetch(location.pathname + location.search, {
      cache: 'no-store',
      headers: { 'If-None-Match': '"' + version + '"' },
    });
    const text = await response.text();
    lostAt = null;
    if (response.status === 304) return tell('');
    const next = new DOMParser().parseFromString(text, 'text/html');
    // A page without a version says why there is no other.
    if (!response.ok && version !== '') return tell(next.querySelector('.trouble').textContent);
    if (!getSelection().isCollapsed) return tell('There is news, which waits while text is selected.');
    tell('');
    replace(next);
  };

  const follow = async () => {
    try {
      if (!document.hidden) await ask();
    } catch {
      lostAt ??= new Date().toLocaleTimeString();
      tell('Not connected since ' + lostAt + ': nobody serves this page any more. It shows what was there until then.');
    }
    setTimeout(follow, ${EVERY_MS});
  };
  setTimeout(follow, ${EVERY_MS});
})();
`;
