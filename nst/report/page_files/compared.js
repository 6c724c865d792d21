// What differs between the runs that are compared: their settings and numbers.

function drawDifferences(now) {
  const some = now.map(runOf).filter((run) => run !== null);
  const differ = (texts) => some.length < 2 || new Set(texts).size > 1;
  const row = (title, texts, better = []) =>
    differ(texts)
      ? el(
          'tr',
          {},
          el('th', { scope: 'row' }, said(title, 'value')),
          ...texts.map((text, at) =>
            factCell(text, better.includes(at), some.length > 2 ? 'best' : 'better'),
          ),
        )
      : null;
  const told = metrics.filter(isMerit);
  const rows = [
    ...keys.map((key) =>
      row(
        key.title,
        some.map((run) => labelOf(run, key) + replaced(run, key)),
      ),
    ),
    ...told.map((one) =>
      row(
        one.title,
        some.map((run) => measured(valueOf(run, one), one)),
        betterOf(some, one),
      ),
    ),
    some.some((run) => runs[run].fallbacks)
      ? row(
          'fallback',
          some.map((run) => runs[run].fallbacks || '–'),
        )
      : null,
  ].filter(Boolean);
  byId('compare-table').hidden = rows.length === 0;
  const names = some.map((run) => el('th', { scope: 'col' }, said(sideName(`r${run}`))));
  byId('compare-table').replaceChildren(
    el(
      'table',
      { class: 'differences' },
      el('caption', { class: 'unseen', text: 'What differs between them' }),
      el('thead', {}, el('tr', {}, el('td', {}), ...names)),
      el('tbody', {}, ...rows),
    ),
  );
}
