// Two pictures, one over the other, and a slider between them.

const photographs = [
  ...data.sources.content.map((one) => ['Content', one]),
  ...data.sources.style.map((one) => ['Style', one]),
];

/** What can be compared: the photographs first ("p0"), then the runs ("r3"). */
const known = new Set([
  ...photographs.flatMap(([, one], at) => (one.src ? [`p${at}`] : [])),
  ...everyRun.filter((run) => runs[run].picture || runs[run].thumbnail).map((run) => `r${run}`),
]);
const runOf = (side) => (side?.startsWith('r') ? Number(side.slice(1)) : null);

/** Runs are remembered by name: their places change while a sweep goes on. */
function sideNamed(text) {
  if (text.startsWith('run:')) {
    const run = runs.findIndex((one) => `run:${one.name}` === text);
    return known.has(`r${run}`) ? `r${run}` : null;
  }
  return known.has(text) ? text : null;
}

const nameOfSide = (side) => (runOf(side) === null ? side : `run:${runs[runOf(side)].name}`);

function leftSide() {
  return sideNamed(get('left')) ?? [...known][0] ?? null;
}

function rightSide() {
  const best = bestOf(everyRun, metric());
  const usualSide = known.has(`r${best}`)
    ? `r${best}`
    : [...known].findLast((side) => side.startsWith('r'));
  return sideNamed(get('right')) ?? usualSide ?? null;
}

/** Choose a run for the comparison, or let it go: the last two chosen are compared. */
function pick(run) {
  const side = nameOfSide(`r${run}`);
  if (get('left') === side) choose({ left: '' });
  else if (get('right') === side)
    choose({ right: get('left').startsWith('run:') ? get('left') : '', left: '' });
  else choose(sideNamed(get('right')) ? { left: get('right'), right: side } : { right: side });
}

function pickButton(run) {
  const name = short(runs[run].name, 80);
  return el('button', {
    type: 'button',
    class: 'pick',
    'data-pick': run,
    'aria-pressed': 'false',
    'aria-label': `Compare run ${name}`,
    title: 'Choose for before and after',
    on: { click: () => pick(run) },
  });
}

function markPicked() {
  const chosen = [sideNamed(get('left')), sideNamed(get('right'))].map(runOf);
  for (const button of document.querySelectorAll('[data-pick]')) {
    const on = chosen.includes(Number(button.dataset.pick));
    if ((button.getAttribute('aria-pressed') === 'true') !== on)
      button.setAttribute('aria-pressed', on);
  }
  byId('viewer-compare').setAttribute('aria-pressed', chosen.includes(viewedRun()));
}

/** Once runs were chosen, the bar leads to where they are compared. */
function drawPicked() {
  const chosen = [get('left'), get('right')].some((text) => sideNamed(text) !== null);
  byId('picked').hidden = !chosen;
  if (!chosen) return;
  byId('picked').replaceChildren(
    'Compare ',
    said(sideName(leftSide())),
    ' with ',
    said(sideName(rightSide())),
  );
}

function showSide(image, side) {
  const run = runOf(side);
  if (run !== null)
    return showFull(image, run, `Run ${short(runs[run].name, 80)}: ${settings(run)}`);
  const [kind, one] = photographs[Number(side.slice(1))];
  image.onerror = null;
  image.src = one.src;
  image.alt = `${kind} picture: ${short(one.title, 160)}`;
}

function sideName(side) {
  const run = runOf(side);
  return run === null ? photographs[Number(side.slice(1))][0] : `Run ${short(runs[run].name, 40)}`;
}

function sideOption(side) {
  const run = runOf(side);
  if (run !== null) return [side, `${short(runs[run].name, 30)}: ${settings(run)}`];
  const [kind, one] = photographs[Number(side.slice(1))];
  return [side, `${kind}: ${one.title}`];
}

/** The options of a select, not before it is opened: thousands take long to lay out. */
function offerSides(select) {
  const now = select.value;
  const pictured = shown()
    .map((run) => `r${run}`)
    .filter((side) => known.has(side));
  if (runOf(now) !== null && !pictured.includes(now)) pictured.unshift(now);
  const served = [...known].filter((side) => runOf(side) === null);
  const offered = [
    ['Pictures that served', served],
    ['Runs', pictured],
  ].filter(([, some]) => some.length);
  fill(
    select,
    offered.map(([label, some]) => ({ label, options: some.map(sideOption) })),
    now,
  );
}

/** One option is enough, but for a select in use, whose arrow keys go through all. */
function showChosen(select, side) {
  if (select !== document.activeElement || select.options.length < 2)
    fill(select, [sideOption(side)], side);
  else select.value = side;
}

function drawCompare() {
  const [left, right] = [leftSide(), rightSide()];
  byId('compare').hidden = left === null || right === null;
  if (byId('compare').hidden) return;
  showChosen(byId('left'), left);
  showChosen(byId('right'), right);
  showSide(byId('over'), left);
  showSide(byId('under'), right);
  const ratio = [right, left].map((side) => runs[runOf(side)]?.ratio).find(Boolean);
  byId('stage').style.setProperty('--ratio', ratio ? ratio[0] / ratio[1] : 1.5);
  byId('name-left').replaceChildren(said(sideName(left)));
  byId('name-right').replaceChildren(said(sideName(right)));
  drawDifferences(left, right);
  drawSplit();
  drawPicked();
  markPicked();
}

function drawDifferences(left, right) {
  const pair = [runOf(left), runOf(right)];
  const cellOf = (run, text) => el('td', {}, run === null ? '' : said(text(run), 'value'));
  const differ = (text) => pair.some((run) => run === null) || text(pair[0]) !== text(pair[1]);
  const row = (title, text) =>
    differ(text)
      ? el(
          'tr',
          {},
          el('th', { scope: 'row' }, said(title, 'value')),
          ...pair.map((run) => cellOf(run, text)),
        )
      : null;
  const rows = [
    ...keys.map((key) => row(key.title, (run) => labelOf(run, key))),
    ...metrics
      .filter((one) => one.objective || one.group === 'metrics')
      .map((one) => row(one.title, (run) => measured(valueOf(run, one), one))),
  ].filter(Boolean);
  byId('compare-table').hidden = rows.length === 0;
  byId('compare-table').replaceChildren(
    el(
      'table',
      { class: 'differences' },
      el('caption', { class: 'unseen', text: 'What differs between the two' }),
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          el('td', {}),
          el('th', { scope: 'col' }, said(sideName(left))),
          el('th', { scope: 'col' }, said(sideName(right))),
        ),
      ),
      el('tbody', {}, ...rows),
    ),
  );
}

function drawSplit() {
  const value = byId('split').value;
  byId('stage').style.setProperty('--split', `${value}%`);
  byId('over').style.clipPath = `inset(0 ${100 - value}% 0 0)`;
  byId('split').setAttribute(
    'aria-valuetext',
    `${value} percent of ${sideName(leftSide())}, the rest ${sideName(rightSide())}`,
  );
}

function startCompare() {
  for (const name of ['left', 'right']) {
    for (const event of ['pointerdown', 'focus'])
      byId(name).addEventListener(event, () => offerSides(byId(name)));
    byId(name).addEventListener('change', (event) =>
      choose({ [name]: nameOfSide(event.target.value) }),
    );
  }
  byId('swap').addEventListener('click', () =>
    choose({ left: nameOfSide(rightSide()), right: nameOfSide(leftSide()) }),
  );
  byId('split').addEventListener('input', drawSplit);
  part(() => [get('left'), get('right'), get('metric')], drawCompare);
}
