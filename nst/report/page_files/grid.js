// The pictures: a table of rows and columns, a panel for each combination of the further keys, or a
// gallery where no grid would be full.

let gridOrder = [];
let stopGallery = () => {};

function drawGrid() {
  stopGallery();
  gridOrder = [];
  const some = shown();
  const scope = { spread: spreadOf(some, metric()), bests: bestsOf(some, metric()) };
  drawLegend(scope.spread);
  const gallery = isGallery();
  if (gallery) drawGallery(some, scope);
  else drawPanels(some, scope);
  fitGrid();
  drawGridCaption(some, gallery, scope.bests);
  roving();
  markPicked();
}

function drawGallery(some, scope) {
  gridOrder = some.toSorted(byMerit(metric()));
  const holder = el('ul', { class: 'gallery' });
  byId('grid').replaceChildren(holder);
  stopGallery = inChunks(
    holder,
    gridOrder,
    (run) => el('li', {}, cell([run], scope, settings(run))),
    240,
  );
}

function drawPanels(some, scope) {
  const [rows, columns] = axes();
  const held = heldAt();
  const kept = some.filter((run) =>
    held.every(([key, at]) => at[0] === '*' || labelOf(run, key) === at),
  );
  const panelKeys = held.filter(([, at]) => at === '*panels').map(([key]) => key);
  const panels = groups(kept, panelKeys);
  const grid = byId('grid');
  if (!kept.length)
    return grid.replaceChildren(el('p', { class: 'empty', text: 'No run passes the filter.' }));
  grid.replaceChildren(
    el(
      'div',
      { class: 'panels' },
      ...panels.map((panel) => panelOf(panel, panelKeys, rows, columns, scope)),
    ),
  );
}

/** Runs by what they share in some keys, in the keys' order. */
function groups(some, by) {
  const found = new Map();
  for (const run of some) {
    const place = by.map((key) => key.of[run]);
    const name = place.join();
    if (!found.has(name)) found.set(name, { place, runs: [] });
    found.get(name).runs.push(run);
  }
  return [...found.values()].toSorted((a, b) => compareMerit(a.place, b.place));
}

function panelOf(panel, panelKeys, rows, columns, scope) {
  const title = panelKeys
    .map((key) => {
      const run = panel.runs[0];
      return `${short(key.title)} ${short(labelOf(run, key))}${replaced(run, key)}`;
    })
    .join(', ');
  const across = columns ? groups(panel.runs, [columns]).map((group) => group.place[0]) : [0];
  const down = groups(panel.runs, rows ? [rows] : []);
  const head = el(
    'tr',
    {},
    rows ? el('td') : null,
    ...across.map((place, at) =>
      el('th', { scope: 'col' }, columns ? axisLabel(columns, place, !rows && at === 0) : ''),
    ),
  );
  const body = down.map((group) => rowOf(group, rows, columns, across, scope));
  const table = el(
    'table',
    { class: 'grid' },
    el(
      'caption',
      {},
      el('span', { class: title ? 'panel-title' : 'unseen', text: title || 'Pictures' }),
      rows ? axisName(` ${short(rows.title, 30)}\u00a0↓`) : null,
      columns ? axisName(` ${short(columns.title, 30)}\u00a0→`) : null,
    ),
    el('thead', {}, columns ? head : null),
    el('tbody', {}, ...body),
  );
  return el('div', { class: 'scroll panel' }, table);
}

const axisName = (text) => el('span', { class: 'axis-name', text });

function axisLabel(key, place, withTitle) {
  const label = place < 0 ? '–' : key.values[place];
  return el(
    'span',
    { class: 'axis-label' },
    withTitle ? el('span', { class: 'axis-name', text: `${short(key.title, 30)} ` }) : null,
    said(label, 'value'),
    key.asked[place] ? el('span', { class: 'axis-name', text: short(key.asked[place], 60) }) : null,
  );
}

function rowOf(group, rows, columns, across, scope) {
  const cells = across.map((place) => {
    const here = columns ? group.runs.filter((run) => columns.of[run] === place) : group.runs;
    if (!here.length) return el('td', { class: 'empty-cell' });
    const order = here.toSorted((a, b) => finished(b) - finished(a) || byMerit(metric())(a, b));
    gridOrder.push(order[0]);
    return el('td', {}, cell(order, scope));
  });
  const head = rows ? el('th', { scope: 'row' }, axisLabel(rows, group.place[0], !columns)) : null;
  return el('tr', {}, head, ...cells);
}

/** A picture with its number; further runs of the same place stand behind it. */
function cell([run, ...more], scope, words = '') {
  const one = metric();
  const value = valueOf(run, one);
  const share = merit(value, scope.spread, one?.better);
  const best = scope.bests.has(run);
  const number = value === null ? '' : `, ${one.title} ${measured(value, one)}`;
  const name = short(runs[run].name, 80);
  const alt = `Run ${name}: ${settings(run) || 'the only one'}${number}${best ? ', the best' : ''}${isRecommended(run) ? ', recommended' : ''}${isFavorite(run) ? ', the voters’ favorite' : ''}`;
  return el(
    'div',
    {
      class: `cell${best ? ' is-best' : ''}${isRecommended(run) ? ' is-recommended' : ''}`,
      'data-run': run,
      vars: share === null ? null : { '--tone': toneFor(share) },
    },
    el(
      'button',
      {
        type: 'button',
        class: 'picture',
        'data-run': run,
        tabindex: -1,
        title: alt,
        on: { click: () => openViewer(run, gridOrder) },
      },
      thumbnail(run, alt),
      isFavorite(run) ? el('span', { class: 'liked', 'aria-hidden': 'true', text: '♥\ufe0e' }) : null,
    ),
    el(
      'div',
      { class: 'foot' },
      el('span', {
        class: `value${value === null ? ' of-status' : ''}`,
        text: value === null ? statusWords(run) : measured(value, one),
      }),
      best ? el('span', { class: 'best-mark', text: 'best' }) : null,
      isRecommended(run) ? el('span', { class: 'star', title: 'Recommended', text: '★' }) : null,
      more.length
        ? el('span', {
            class: 'more',
            text: `+${more.length}`,
            title: `More of these settings: ${short(more.map((other) => runs[other].name).join(', '), 200)}`,
          })
        : null,
      pickButton(run),
    ),
    words ? el('p', { class: 'words', title: short(words, 400), text: words }) : null,
  );
}

function drawGridCaption(some, gallery, bests) {
  const drawn = new Set(gridOrder).size;
  const held = gallery
    ? []
    : heldAt()
        .filter(([, at]) => at[0] !== '*')
        .map(([key, at]) => `${short(key.title)} ${short(at)}`);
  const words = [];
  if (drawn < some.length || held.length) {
    words.push(`${drawn} of ${some.length} runs`);
    words.push(held.length ? ` at ${held.join(', ')}. ` : '. ');
  }
  if (document.querySelector('#grid .more'))
    words.push('+N: N further runs of the same settings, which the table lists. ');
  const caption = byId('grid-caption');
  caption.replaceChildren(words.join(''));
  const outside = [...bests].filter((run) => !gridOrder.includes(run));
  if (!outside.length) return;
  const link = (run) =>
    el(
      'button',
      { type: 'button', class: 'link', on: { click: () => openViewer(run, outside) } },
      said(runs[run].name),
    );
  caption.append(
    outside.length > 1 ? 'Best runs (' : 'Best run (',
    ...outside.flatMap((run, at) => [at ? ', ' : '', link(run)]),
    outside.length > 1 ? ') are outside this view.' : ') is outside this view.',
  );
}

function startGrid() {
  byId('grid').addEventListener('keydown', moveInGrid);
  byId('grid').addEventListener('focusin', (event) => {
    const button = event.target.closest('.picture');
    if (button) enter(button);
  });
  const places = () => [
    get('view'),
    get('rows'),
    get('columns'),
    heldAt().map(([key, at]) => [key.name, at]),
  ];
  part(places, drawAxes);
  part(() => [filterText(), get('metric'), get('scale'), ...places()], drawGrid);
  part(() => [get('size')], fitGrid);
  window.addEventListener('resize', later(fitGrid, 100));
}
