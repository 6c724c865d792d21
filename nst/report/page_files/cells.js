// What the cells of the table hold, and how wide they are.

const spreadWidths = new Map();

/** The first runs of the lines that are the best of a column among those that compare; none where all are alike. */
function bestOfColumn(column, lines) {
  if (!column.number || !column.better) return new Set();
  const number = new Map(lines.map((line) => [line.run, numberOf(line, column).mean]));
  const ranked = lines.filter((line) => line.runs.some(finished) && number.get(line.run) !== null);
  const metric = metricNamed(column.id);
  const apart = groups(ranked.map((line) => line.run), metric ? apartBy(metric) : []);
  const best = apart.flatMap(({ runs: own }) => {
    const values = own.map((run) => number.get(run));
    const first = column.better === 'lower' ? Math.min(...values) : Math.max(...values);
    const found = own.filter((run) => number.get(run) === first);
    return found.length < own.length ? found : [];
  });
  return new Set(best);
}

function numberCell(column, line, isBest) {
  const { mean, sd, count } = numberOf(line, column);
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

function tableCell(column, line, isBest) {
  if (column === nameColumn) return el('th', { scope: 'row' }, rowHead(line));
  if (column === seedsColumn)
    return el('td', { class: 'number', text: line.within ? '' : seedsOf(line) });
  if (column.number) return numberCell(column, line, isBest);
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
      line.runs.some(isFavorite) ? heart({ title: 'The voters’ favorite' }) : null,
      line.within ? el('span', { class: 'seed', text: `seed ${labelOf(run, seedKey)}` }) : null,
    ),
    isSetting(line) ? null : pickButton(run),
  );
}

/** The least and the greatest of some numbers: in one format no other takes more room. */
function outermost(values) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value === null) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return least <= most ? [least, most] : [0];
}

/** Widest texts of the columns in a row that takes no height, so that scrolling moves no column. */
function drawWidths(some, lines) {
  const widest = (texts) => texts.reduce((a, b) => (b.length > a.length ? b : a), '');
  const cells = some.map((column) => {
    if (column === nameColumn || column === seedsColumn) return el('td', {});
    if (!column.number) return el('td', {}, said(widest(everyRun.map(column.text)), 'value'));
    const numbers = lines.map((line) => numberOf(line, column));
    const mean = widest(outermost(numbers.map((one) => one.mean)).map(column.format));
    const sd = bySeeds() ? widest(outermost(numbers.map((one) => one.sd)).map(column.format)) : '';
    spreadWidths.set(column, `${sd.length + 4}ch`);
    const spread = sd ? el('span', { class: 'sd', text: ` ± ${sd}` }) : null;
    const vars = { '--sd': spreadWidths.get(column) };
    return el('td', { class: 'number', vars }, `★ ${mean}`, spread);
  });
  byId('table').tFoot.replaceChildren(el('tr', {}, ...cells));
}
