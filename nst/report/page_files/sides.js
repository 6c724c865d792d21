// What is compared: up to four runs or photographs, kept in the address.

const SIDES = ['left', 'right', 'third', 'fourth'];

const photographs = [
  ...data.sources.content.map((one) => ['Content', one]),
  ...data.sources.style.map((one) => ['Style', one]),
];

/** What can be compared: the photographs first ("p0"), then the runs ("r3"). */
const pickable = new Set([
  ...photographs.flatMap(([, one], at) => (one.src ? [`p${at}`] : [])),
  ...everyRun.filter((run) => runs[run].picture || runs[run].thumbnail).map((run) => `r${run}`),
]);
const runOf = (side) => (side?.startsWith('r') ? Number(side.slice(1)) : null);
const photographOf = (side) => photographs[Number(side.slice(1))];

/** Runs are remembered by name: their places change while a sweep goes on. */
function sideNamed(text) {
  if (text.startsWith('run:')) {
    const run = runs.findIndex((one) => `run:${one.name}` === text);
    return pickable.has(`r${run}`) ? `r${run}` : null;
  }
  return pickable.has(text) ? text : null;
}

const nameOfSide = (side) => (runOf(side) === null ? side : `run:${runs[runOf(side)].name}`);

/** What the reader has chosen, in order. */
const chosenSides = () => SIDES.map((name) => sideNamed(get(name))).filter((side) => side !== null);

/** What is compared: a single choice with the first picture, none with the recommended run. */
function sides() {
  const chosen = chosenSides();
  if (chosen.length > 1) return chosen;
  const best = `r${usualRun()}`;
  const usual = pickable.has(best) ? best : [...pickable].findLast((side) => side.startsWith('r'));
  const last = chosen[0] ?? usual;
  const first = [...pickable].find((side) => side !== last);
  return last && first ? [first, last] : [];
}

function chooseSides(some) {
  // A single one goes to the right: what it is compared with by itself is on the left.
  const kept = some.length === 1 ? [null, ...some] : some;
  choose(Object.fromEntries(SIDES.map((name, at) => [name, kept[at] ? nameOfSide(kept[at]) : ''])));
}

/** Choose a run for the comparison, or let it go: the last four that were chosen stay. */
function pick(run) {
  const side = `r${run}`;
  if (!pickable.has(side)) return;
  const chosen = chosenSides();
  const others = chosen.filter((one) => one !== side);
  chooseSides(others.length < chosen.length ? others : [...others, side].slice(-SIDES.length));
}

function pickButton(run) {
  const name = short(runs[run].name, 80);
  return el('button', {
    type: 'button',
    class: 'pick',
    'data-pick': run,
    'aria-pressed': 'false',
    'aria-label': `Compare run ${name}`,
    title: 'Choose for the comparison',
    on: { click: () => pick(run) },
  });
}

function markPicked() {
  const chosen = chosenSides().map(runOf);
  for (const button of document.querySelectorAll('[data-pick]')) {
    const on = chosen.includes(Number(button.dataset.pick));
    if ((button.getAttribute('aria-pressed') === 'true') !== on)
      button.setAttribute('aria-pressed', on);
  }
  const viewing = viewedRun();
  byId('viewer-compare').setAttribute('aria-pressed', chosen.includes(viewing));
  byId('viewer-compare').disabled = !pickable.has(`r${viewing}`);
  byId('viewer-to-compare').hidden = chosenSides().length === 0;
  byId('viewer-to-compare').textContent = `To the comparison: ${sides().map(sideName).join(', ')}`;
}

/** Once runs were chosen, the bar leads to where they are compared. */
function drawPicked() {
  const chosen = chosenSides().length > 0;
  byId('picked').hidden = !chosen;
  if (!chosen) return;
  const [first, ...others] = sides();
  byId('picked').replaceChildren(
    'Compare ',
    said(sideName(first)),
    ...(others.length > 1
      ? [` with ${others.length} others`]
      : [' with ', said(sideName(others[0]))]),
  );
}

function sideName(side) {
  const run = runOf(side);
  return run === null ? photographOf(side)[0] : `Run ${short(runs[run].name, 40)}`;
}

function sideOption(side) {
  const run = runOf(side);
  if (run !== null) return [side, `${short(runs[run].name, 30)}: ${settings(run)}`];
  const [kind, one] = photographOf(side);
  return [side, `${kind}: ${one.title}`];
}

/** The options of a select, not before it is opened: thousands take long to lay out. */
function offerSides(select) {
  const now = select.value;
  const pictured = shown()
    .map((run) => `r${run}`)
    .filter((side) => pickable.has(side));
  if (runOf(now) !== null && !pictured.includes(now)) pictured.unshift(now);
  const served = [...pickable].filter((side) => runOf(side) === null);
  const offered = [
    ['Content and style images', served],
    ['Runs', pictured],
  ].filter(([, some]) => some.length);
  const none = isOptional(select) ? [['', 'none']] : [];
  fill(
    select,
    [...none, ...offered.map(([label, some]) => ({ label, options: some.map(sideOption) }))],
    now,
  );
}

const isOptional = (select) => SIDES.indexOf(select.id) > 1;

/** One option is enough, but for a select in use, whose arrow keys go through all. */
function showChosen(select, side) {
  if (select === document.activeElement && select.options.length > 2) select.value = side ?? '';
  else fill(select, [side ? sideOption(side) : ['', 'none']], side ?? '');
}

function drawSides() {
  const now = sides();
  SIDES.forEach((name, at) => {
    showChosen(byId(name), now[at]);
    byId(name).closest('label').hidden = at > Math.max(1, now.length);
  });
  byId('swap').disabled = now.length !== 2;
}

/** Put a side's picture into an image, and say it where the full one is missing. */
function showSide(image, side, missing = () => {}) {
  const run = runOf(side);
  if (run !== null)
    return showFull(image, run, `Run ${short(runs[run].name, 80)}: ${settings(run)}`, { missing });
  const [kind, { src, large, title }] = photographOf(side);
  image.onerror = () => {
    image.onerror = null;
    missing();
    image.src = src;
  };
  image.src = large ?? src;
  image.alt = `${kind} picture: ${short(title, 160)}`;
}

function startSides() {
  for (const name of SIDES) {
    const select = byId(name);
    for (const event of ['pointerdown', 'focus'])
      select.addEventListener(event, () => offerSides(select));
    select.addEventListener('change', () => {
      const now = sides();
      now[SIDES.indexOf(name)] = select.value;
      chooseSides(now.filter(Boolean));
    });
  }
  byId('swap').addEventListener('click', () => chooseSides(sides().toReversed()));
}
