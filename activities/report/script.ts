/**
 * The script of reports: it shows what a mark means, and filters evaluations. Without it a report is complete.
 */

/** The event of a document whose content was replaced. */
export const REPLACED_EVENT = 'fire-pbt-replaced';

export const SCRIPT = `
'use strict';
(() => {
  const tip = document.createElement('div');
  tip.id = 'tip';
  tip.hidden = true;
  tip.setAttribute('role', 'status');
  document.body.append(tip);
  const show = (event) => {
    const mark = event.target instanceof Element ? event.target.closest('svg [aria-label]') : null;
    tip.hidden = mark === null;
    if (mark === null) return;
    tip.textContent = mark.getAttribute('aria-label');
    const box = mark.getBoundingClientRect();
    const left = box.left + box.width / 2 - tip.offsetWidth / 2;
    const widest = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.left = Math.max(8, Math.min(left, widest)) + window.scrollX + 'px';
    const above = box.top - tip.offsetHeight - 6;
    tip.style.top = (above < 0 ? box.bottom + 6 : above) + window.scrollY + 'px';
  };
  document.addEventListener('pointerover', show);
  document.addEventListener('click', show);

  const chosen = {};
  const setUpFilters = (filters) => {
    const rows = [...document.querySelectorAll('[data-evaluator]')];
    const count = filters.querySelector('output');
    const selects = [...filters.querySelectorAll('select')];
    const apply = () => {
      const fits = (row) => selects.every(({ name, value }) => value === '' || row.dataset[name] === value);
      for (const row of rows) row.hidden = !fits(row);
      const shown = rows.filter((row) => row.localName === 'tr' && !row.hidden).length;
      count.textContent = shown + (shown === 1 ? ' evaluation' : ' evaluations');
    };
    for (const select of selects) {
      const { name } = select;
      const values = new Set(rows.map((row) => row.dataset[name]));
      for (const value of values) select.add(new Option(name === 'round' ? 'round ' + value : value, value));
      if (values.has(chosen[name])) select.value = chosen[name];
      select.addEventListener('change', () => {
        chosen[name] = select.value;
        apply();
      });
    }
    filters.hidden = false;
    apply();
  };
  const setUp = () => document.querySelectorAll('.filters').forEach(setUpFilters);
  setUp();
  document.addEventListener('${REPLACED_EVENT}', () => {
    tip.hidden = true;
    setUp();
  });
  // A link to an evaluation that is filtered out shows it.
  window.addEventListener('hashchange', () => {
    const aim = document.getElementById(location.hash.slice(1));
    if (!aim || !aim.hidden) return;
    for (const select of document.querySelectorAll('.filters select')) {
      select.value = '';
      select.dispatchEvent(new Event('change'));
    }
    aim.scrollIntoView();
  });
})();
`;
