// The table of runs: sorted by its headers, with the best of each column marked.

let tableOrder = [];
let showLines = () => {};
let rowOfLine = () => null;
const openLines = new Set();

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
  if (had)
    byId('table')
      .tHead.querySelector(`[data-column="${CSS.escape(had)}"] button`)
      ?.focus();
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

function drawTable(stay = false) {
  const some = shownColumns();
  const lines = sortedLines();
  const best = new Map(some.map((one) => [one, bestOfColumn(one, lines)]));
  tableOrder = lines.flatMap((line) => line.runs);
  drawHead(some);
  drawWidths(some, lines);
  const rows = withOpened(lines);
  byId('table').setAttribute('aria-rowcount', rows.length + 1);
  rowOfLine = (line) =>
    el(
      'tr',
      { 'data-run': line.run, class: line.within ? 'within' : null },
      ...some.map((one) => tableCell(one, line, !line.within && best.get(one).has(line.run))),
    );
  showLines(rows, stay);
  byId('runs-caption').textContent = tableCaption(lines, best);
  byId('csv').disabled = lines.length === 0;
}

function tableCaption(lines, best) {
  if (!lines.length) return 'No run passes the filter.';
  const words = ['Click a header to sort, a name to enlarge its picture.'];
  const most = Math.max(...[...best.values()].map((own) => own.size));
  if (most === 1) words.push('★ is the best of its column.');
  if (most > 1) words.push('★ is the best of its column, among those that compare.');
  if (favorites.size) words.push('♥\ufe0e is the voters’ favorite.');
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
