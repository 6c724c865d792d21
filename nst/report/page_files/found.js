// What a search found: the runs that no other beats with their commands, and which keys matter.

const ROWS = 150; // of the front, before the reader comes near its end
const wanted = (data.found?.objectives ?? []).map(metricNamed);

function commandCell(run, command) {
  if (!command) return el('td', {}, 'not on record');
  const code = el('code', { text: command });
  const button = el('button', {
    type: 'button',
    class: 'quiet',
    'aria-label': `Copy the command of run ${runs[run].name}`,
    text: 'Copy',
  });
  button.addEventListener('click', () => copy(command, code, button));
  return el('td', {}, el('span', { class: 'command' }, code, button));
}

function foundRow(run, order) {
  const open = el(
    'button',
    { type: 'button', class: 'row-open', on: { click: () => openViewer(run, order) } },
    thumbnail(run, ''),
    said(runs[run].name),
  );
  return el(
    'tr',
    {},
    el('th', { scope: 'row' }, open),
    ...wanted.map((one) =>
      el('td', { class: 'number', text: measured(valueOf(run, one), one) }),
    ),
    el('td', {}, said(settings(run) || '–', 'settings')),
    commandCell(run, runs[run].command),
  );
}

function foundHead() {
  const way = (one) => el('span', { class: 'way', text: `${one.better} is better` });
  return el(
    'tr',
    {},
    el('th', { scope: 'col', text: 'run' }),
    ...wanted.map((one) =>
      el('th', { scope: 'col', class: 'number', title: one.meaning }, one.title, way(one)),
    ),
    el('th', { scope: 'col', text: 'settings' }),
    el('th', { scope: 'col', text: 'the command that runs it alone' }),
  );
}

/** The shares of the keys for an objective, as bars. */
function bars({ objective, shares }) {
  const bar = ([key, share]) =>
    el(
      'tr',
      {},
      el('th', { scope: 'row' }, said(key)),
      el('td', {}, el('span', { class: 'bar-of', vars: { '--share': share } })),
      el('td', { class: 'number', text: `${Math.round(100 * share)} %` }),
    );
  return el(
    'table',
    { class: 'bars' },
    el('caption', { text: `How much each key matters for ${objective}` }),
    el('tbody', {}, ...shares.map(bar)),
  );
}

function startFound() {
  if (!data.found) return;
  const { result, volume, pairs, front, matters, told } = data.found;
  byId('found-caption').textContent = [result, volume, pairs].filter(Boolean).join(' ');
  byId('found-front').hidden = front.length === 0;
  byId('found-table').tHead.replaceChildren(foundHead());
  const body = byId('found-table').tBodies[0];
  inChunks(body, front, (run) => foundRow(run, front), ROWS, byId('found-front'));
  byId('matters').replaceChildren(...matters.map(bars));
  byId('matters-caption').textContent = told;
}
