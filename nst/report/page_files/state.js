// What the reader has chosen. It lies in the address, so that a reload and a shared link keep it.

const everyRun = runs.map((_, run) => run);
let state = new Map();
const parts = [];

function readState() {
  state = new Map(new URLSearchParams(location.hash.slice(1)));
}

const get = (name) => state.get(name) ?? '';

/** Choose; an empty value goes back to the default. */
function choose(changes) {
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') state.delete(name);
    else state.set(name, String(value));
  }
  keepState();
  render();
}

function keepState() {
  try {
    const text = new URLSearchParams([...state]).toString();
    history.replaceState(null, '', text ? `#${text}` : location.pathname + location.search);
  } catch {
    // A browser that allows no changes of a file's address loses only the memory.
  }
}

/** Draw a part of the page again whenever what `deps` returns has changed. */
function part(deps, draw) {
  parts.push({ deps, draw, drawn: null });
}

function render() {
  for (const one of parts) {
    const now = JSON.stringify(one.deps());
    if (one.drawn === now) continue;
    one.drawn = now;
    one.draw();
  }
}

/** The metric that colors and ranks. */
function metric() {
  return metricNamed(get('metric')) ?? metrics[0];
}

const isFilter = (name) => /^(q$|status$|is\.|from\.|to\.)/.test(name);
const filterText = () => JSON.stringify([...state].filter(([name]) => isFilter(name)));

let shownFor = null;
let shownRuns = everyRun;

/** The runs that pass the filter. */
function shown() {
  const text = filterText();
  if (text === shownFor) return shownRuns;
  shownFor = text;
  const query = readQuery(get('q'));
  const rules = [...keys.flatMap(keyRules), ...query.rules];
  if (get('status')) rules.push((run) => runs[run].status === get('status'));
  shownRuns = query.unknown.length
    ? []
    : everyRun.filter((run) => rules.every((one) => one(run)));
  return shownRuns;
}

function keyRules(key) {
  const rules = [];
  const label = get(`is.${key.name}`);
  // Earlier reports had the label as one types it.
  if (label) rules.push((run) => [labelOf(run, key), key.typed[key.of[run]]].includes(label));
  for (const [bound, sign] of [
    ['from', 1],
    ['to', -1],
  ]) {
    const limit = get(`${bound}.${key.name}`);
    if (limit === '' || !key.numbers || Number.isNaN(Number(limit))) continue;
    rules.push((run) => key.of[run] >= 0 && sign * (key.numbers[key.of[run]] - Number(limit)) >= 0);
  }
  return rules;
}
