// The table of runs: sorted by its headers, filled a chunk at a time.

const ROWS = 150;
let stopRows = () => {};
let tableOrder = [];

/** The columns: a title, an order, and what a cell holds. */
const columns = [
  {
    id: 'run',
    title: 'run',
    order: byName,
    cell: (run) => el('th', { scope: 'row' }, runButton(run)),
  },
  {
    id: 'status',
    title: 'status',
    order: (a, b) => natural.compare(runs[a].status, runs[b].status),
    cell: (run) =>
      el(
        'td',
        {},
        el('span', { class: 'status', 'data-status': runs[run].status, text: runs[run].status }),
      ),
  },
  ...keys.map((key) => ({
    id: `key.${key.name}`,
    title: key.title,
    number: Boolean(key.numbers),
    order: (a, b) => lastIf(key.of[a] < 0, key.of[b] < 0) || key.of[a] - key.of[b],
    cell: (run) =>
      el('td', { class: key.numbers ? 'number' : null }, said(labelOf(run, key), 'value')),
  })),
  ...metrics.map((one) => ({
    id: metricName(one),
    title: one.title,
    meaning: one.meaning,
    number: true,
    order: (a, b) => numbersOrder(valueOf(a, one), valueOf(b, one)),
    missing: (run) => valueOf(run, one) === null,
    cell: (run) => el('td', { class: 'number', text: measured(valueOf(run, one), one) }),
  })),
  {
    id: 'step',
    title: 'best step',
    number: true,
    order: (a, b) => numbersOrder(runs[a].bestStep, runs[b].bestStep),
    missing: (run) => runs[run].bestStep === null,
    cell: (run) => el('td', { class: 'number', text: runs[run].bestStep ?? '–' }),
  },
];

// What stood in for what, and which runs are the same: columns where there is any.
for (const [id, title] of [
  ['fallbacks', 'fallback'],
  ['sameAs', 'same as'],
  ['reusedFrom', 'taken from'],
]) {
  if (!runs.some((run) => run[id])) continue;
  columns.splice(2, 0, {
    id,
    title,
    order: (a, b) => natural.compare(runs[a][id] ?? '', runs[b][id] ?? ''),
    missing: (run) => !runs[run][id],
    cell: (run) => el('td', {}, said(runs[run][id] || '–', 'value')),
  });
}

const lastIf = (a, b) => a - b;
const numbersOrder = (a, b) => (a ?? 0) - (b ?? 0);

function runButton(run) {
  return el(
    'span',
    { class: 'row-head' },
    el(
      'button',
      {
        type: 'button',
        class: 'row-open',
        'data-run': run,
        on: { click: () => openViewer(run, tableOrder) },
      },
      thumbnail(run, ''),
      said(runs[run].name),
    ),
    pickButton(run),
  );
}

function drawHead() {
  const cells = columns.map((column) =>
    el(
      'th',
      {
        scope: 'col',
        'data-column': column.id,
        class: column.number ? 'number' : null,
        title: column.meaning ?? null,
      },
      el(
        'button',
        { type: 'button', on: { click: () => sortBy(column) } },
        said(column.title, 'head'),
      ),
    ),
  );
  byId('table').tHead.replaceChildren(el('tr', {}, ...cells));
}

function sorting() {
  const column = columns.find((one) => one.id === get('sort')) ?? columns[0];
  return [column, get('dir') === 'down' ? -1 : 1];
}

function sortBy(column) {
  const [now, sign] = sorting();
  choose({ sort: column.id, dir: column === now && sign === 1 ? 'down' : '' });
}

function drawTable() {
  const [column, sign] = sorting();
  for (const head of byId('table').tHead.querySelectorAll('th')) {
    const active = head.dataset.column === column.id;
    head.setAttribute('aria-sort', active ? (sign === 1 ? 'ascending' : 'descending') : 'none');
  }
  const missing = column.missing ?? (() => false);
  tableOrder = shown().toSorted(
    (a, b) => lastIf(missing(a), missing(b)) || sign * column.order(a, b) || byName(a, b),
  );
  byId('runs-caption').textContent = tableOrder.length
    ? `${tableOrder.length} of ${runs.length} runs. Click a header to sort, a name to enlarge the picture.`
    : 'No run passes the filter.';
  stopRows();
  const row = (run) => el('tr', { 'data-run': run }, ...columns.map((one) => one.cell(run)));
  stopRows = inChunks(byId('table').tBodies[0], tableOrder, row, ROWS, byId('table-box'));
  markPicked();
}

function startTable() {
  drawHead();
  part(() => [filterText(), get('sort'), get('dir')], drawTable);
}
