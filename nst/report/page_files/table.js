// The table of runs: sorted by its headers, with the best of each column marked.

let tableOrder = [];
let showLines = () => {};
let rowOfLine = () => null;
const openLines = new Set();
const spreadWidths = new Map();

function sorting() {
  const column = [nameColumn, seedsColumn, ...tableColumns].find((one) => one.id === get('sort'));
  return [column ?? nameColumn, get('dir') === 'down' ? -1 : 1];
}

/** The first click brings the better to the top, the next one turns the order round. */
function sortBy(column) {
  const [now, sign] = sorting();
  const down = column === now ? sign === 1 : column.better === 'higher';
  choose({ sort: column.id, dir: down ? 'down' : '' });
}

/** Where a line stands in a column: a number, or null where it has none and so stands last. */
function placeOf(column) {
  if (column === nameColumn) return (line) => nameRank(line.run);
  if (column === seedsColumn) return seedsOf;
  if (column.number) return (line) => numberOf(line, column).mean;
  if (column.place) return (line) => column.place(line.run);
  const texts = [...new Set(everyRun.map(column.text))].toSorted(natural.compare);
  const ranks = new Map(texts.map((text, rank) => [text, text === '–' ? null : rank]));
  return (line) => ranks.get(column.text(line.run));
}

function sortedLines() {
  const [column, sign] = sorting();
  const place = placeOf(column);
  return linesOf(shown(), bySeeds())
    .map((line) => [line, place(line), nameRank(line.run)])
    .sort(
      ([, a, one], [, b, two]) =>
        (a === null) - (b === null) || sign * ((a ?? 0) - (b ?? 0)) || one - two,
    )
    .map(([line]) => line);
}

function drawHead(some) {
  const [active, sign] = sorting();
  const cells = some.map((column) =>
    el(
      'th',
      {
        scope: 'col',
        'data-column': column.id,
        class: column.number || column.right ? 'number' : null,
        title: column.meaning ?? null,
        'aria-sort': column !== active ? 'none' : sign === 1 ? 'ascending' : 'descending',
      },
      el(
        'button',
        { type: 'button', on: { click: () => sortBy(column) } },
        said(column.title, 'head'),
        column.better ? el('span', { class: 'wish', text: `${column.better} is better` }) : null,
      ),
    ),
  );
  const had = document.activeElement?.closest?.('#table thead th')?.dataset.column;
  byId('table').tHead.replaceChildren(el('tr', { 'aria-rowindex': 1 }, ...cells));
  if (had) byId('table').tHead.querySelector(`[data-column="${CSS.escape(had)}"] button`)?.focus();
}

/** The number that is the best of a column; null where none is, or where all are alike. */
function bestNumber(column, lines) {
  if (!column.better) return null;
  const values = lines
    .filter((line) => line.runs.some(finished))
    .map((line) => numberOf(line, column).mean)
    .filter((value) => value !== null);
  const best = values.reduce(
    (a, b) => (column.better === 'lower' ? Math.min(a, b) : Math.max(a, b)),
    column.better === 'lower' ? Infinity : -Infinity,
  );
  return values.some((value) => value !== best) ? best : null;
}

function numberCell(column, line, best) {
  const { mean, sd, count } = numberOf(line, column);
  const isBest = best !== null && mean === best && line.runs.some(finished);
  const mark = isBest
    ? [el('span', { class: 'star', 'aria-hidden': 'true', text: '★' }), column.format(mean)]
    : [column.format(mean)];
  const few = isSetting(line) && count < seedsOf(line) ? ` (${count})` : '';
  const spread = bySeeds()
    ? el('span', { class: 'sd', text: sd === null ? '' : ` ± ${column.format(sd)}${few}` })
    : null;
  const unseen = isBest ? el('span', { class: 'unseen', text: ', the best' }) : null;
  const vars = bySeeds() ? { '--sd': spreadWidths.get(column) } : null;
  return el('td', { class: isBest ? 'number best' : 'number', vars }, ...mark, spread, unseen);
}

function tableCell(column, line, best) {
  if (column === nameColumn) return el('th', { scope: 'row' }, rowHead(line));
  if (column === seedsColumn)
    return el('td', { class: 'number', text: line.within ? '' : seedsOf(line) });
  if (column.number) return numberCell(column, line, best);
  const texts = new Set(column.place ? [] : line.runs.map(column.text));
  const text = texts.size > 1 ? [...texts].join(', ') : column.text(line.run);
  if (column.id === 'status')
    return el('td', {}, el('span', { class: 'status', 'data-status': text, text }));
  return el('td', { class: column.right ? 'number' : null }, said(text, 'value'));
}

function rowHead(line) {
  const { run } = line;
  const open = openLines.has(line.id);
  const toggle = isSetting(line)
    ? el('button', {
        type: 'button',
        class: 'row-toggle',
        'aria-expanded': String(open),
        'aria-label': `The ${line.runs.length} runs of ${short(namesOf(line))}`,
        on: { click: () => toggleLine(line) },
      })
    : null;
  return el(
    'span',
    { class: line.within ? 'row-head within' : 'row-head' },
    toggle,
    el(
      'button',
      {
        type: 'button',
        class: 'row-open',
        'data-run': run,
        on: { click: () => openViewer(run, tableOrder) },
      },
      thumbnail(run, ''),
      said(isSetting(line) ? namesOf(line) : runs[run].name),
      line.within ? el('span', { class: 'seed', text: `seed ${labelOf(run, seedKey)}` }) : null,
    ),
    isSetting(line) ? null : pickButton(run),
  );
}

function toggleLine(line) {
  if (!openLines.delete(line.id)) openLines.add(line.id);
  drawTable(true);
}

/** The lines with the runs of those that are open below them. */
const withOpened = (lines) =>
  lines.flatMap((line) =>
    isSetting(line) && openLines.has(line.id)
      ? [line, ...line.runs.map((run) => ({ id: `r${run}`, run, runs: [run], within: true }))]
      : [line],
  );

/** Widest texts of the columns in a row that takes no height, so that scrolling moves no column. */
function drawWidths(some, lines) {
  const widest = (texts) => texts.reduce((a, b) => (b.length > a.length ? b : a), '');
  const cells = some.map((column) => {
    if (column === nameColumn || column === seedsColumn) return el('td', {});
    if (!column.number) return el('td', {}, said(widest(everyRun.map(column.text)), 'value'));
    const numbers = lines.map((line) => numberOf(line, column));
    const of = (name) => widest(numbers.map((one) => column.format(one[name] ?? 0)));
    const spread = bySeeds() ? el('span', { class: 'sd', text: ` ± ${of('sd')}` }) : null;
    spreadWidths.set(column, `${of('sd').length + 4}ch`);
    const vars = { '--sd': spreadWidths.get(column) };
    return el('td', { class: 'number', vars }, `★ ${of('mean')}`, spread);
  });
  byId('table').tFoot.replaceChildren(el('tr', {}, ...cells));
}

function drawTable(stay = false) {
  const some = shownColumns();
  const lines = sortedLines();
  const best = new Map(some.map((one) => [one, one.number ? bestNumber(one, lines) : null]));
  tableOrder = lines.flatMap((line) => line.runs);
  drawHead(some);
  drawWidths(some, lines);
  const rows = withOpened(lines);
  byId('table').setAttribute('aria-rowcount', rows.length + 1);
  rowOfLine = (line) =>
    el(
      'tr',
      { 'data-run': line.run, class: line.within ? 'within' : null },
      ...some.map((column) => tableCell(column, line, line.within ? null : best.get(column))),
    );
  showLines(rows, stay);
  byId('runs-caption').textContent = tableCaption(lines, best);
  byId('csv').disabled = lines.length === 0;
}

function tableCaption(lines, best) {
  if (!lines.length) return 'No run passes the filter.';
  const words = ['Click a header to sort, a name to enlarge its picture.'];
  if ([...best.values()].some((value) => value !== null)) words.push('★ is the best of its column.');
  if (bySeeds())
    words.push('Runs that differ in their seed alone are one row: mean ± standard deviation.');
  return words.join(' ');
}

function keysInTable(event) {
  const row = event.target.closest?.('tr');
  if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
  const toggle = row.querySelector('.row-toggle');
  const open = toggle?.getAttribute('aria-expanded') === 'true';
  if (event.key === 'c' || event.key === 'C') row.querySelector('.pick')?.click();
  else if (toggle && event.key === (open ? 'ArrowLeft' : 'ArrowRight')) toggle.click();
}

function startTable() {
  const body = byId('table').tBodies[0];
  showLines = windowed(byId('table-box'), body, (line) => rowOfLine(line), markPicked);
  body.addEventListener('keydown', keysInTable);
  byId('csv').addEventListener('click', saveCsv);
  byId('seeds-label').hidden = !hasSeeds;
  byId('seeds').addEventListener('change', (event) =>
    choose({ seeds: event.target.checked ? '' : 'apart' }),
  );
  closesByItself(byId('columns'));
  drawAlike();
  phone.addEventListener('change', render);
  part(
    () => [filterText(), get('sort'), get('dir'), get('cols'), get('seeds'), phone.matches],
    () => drawTable(),
  );
  part(
    () => [get('cols'), get('seeds')],
    () => {
      byId('seeds').checked = bySeeds();
      drawChooser();
    },
  );
}

/** A box of choices goes when the reader turns elsewhere. */
function closesByItself(details) {
  document.addEventListener('click', (event) => {
    // A box whose contents were drawn anew by this click no longer holds what was clicked.
    if (event.target.isConnected && !details.contains(event.target)) details.open = false;
  });
  details.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !details.open) return;
    details.open = false;
    details.querySelector('summary').focus();
  });
}
