// What the lines of the losses are colored and labelled by.

const INKS = [
  '#4269d0',
  '#ff725c',
  '#3ca951',
  '#a463f2',
  '#efb118',
  '#6cc5b0',
  '#ff8ab7',
  '#9c6b4e',
  '#97bbf5',
  '#9498a0',
];
const EACH = 8; // so few runs have a color and a label each

/** The keys of some runs that have a color for each of their values. */
function inkKeys(some) {
  return keys.filter((key) => {
    const count = new Set(some.map((run) => key.of[run])).size;
    return count > 1 && count <= INKS.length;
  });
}

/** How much of what tells numbers apart lies between the values of a key, from 0 to 1. */
function shareBetween(key, numbers) {
  const sums = new Map();
  let [count, sum, squares] = [0, 0, 0];
  for (const [run, value] of numbers) {
    const own = sums.get(key.of[run]) ?? [0, 0];
    sums.set(key.of[run], [own[0] + 1, own[1] + value]);
    [count, sum, squares] = [count + 1, sum + value, squares + value * value];
  }
  const mean = sum / count;
  const all = squares - count * mean * mean;
  const between = [...sums.values()].reduce((a, [n, own]) => a + n * (own / n - mean) ** 2, 0);
  return all > 1e-12 * squares ? between / all : 0;
}

/** What colors the lines: each run by itself, a key, or the metric; `ends` are of each chart. */
function inkOf(some, ends) {
  const able = inkKeys(some);
  const chosen = able.find((key) => `key.${key.name}` === get('ink'));
  if (chosen) return { key: chosen };
  if (get('ink') === 'metric') return {};
  if (some.length <= EACH) return { each: true };
  const strength = (key) => ends.reduce((sum, numbers) => sum + shareBetween(key, numbers), 0);
  const [first] = able.map((key) => [key, strength(key)]).sort(([, a], [, b]) => b - a);
  return first ? { key: first[0] } : {};
}

/** Runs of one color: its name, the color, the runs, the worst first and so the best on top. */
function inkClasses(some, ink) {
  if (ink.each)
    return some.map((run, at) => ({ text: runLabel(run, some), tone: INKS[at], runs: [run] }));
  if (!ink.key) return metricClasses(some);
  const places = [...new Set(some.map((run) => ink.key.of[run]))].sort((a, b) => a - b);
  return places.map((place, at) => ({
    text: place < 0 ? '–' : ink.key.values[place],
    tone: ink.key.numbers ? ordered(at / (places.length - 1)) : INKS[at],
    runs: some.filter((run) => ink.key.of[run] === place),
  }));
}

/** Even steps for numbers, without the end that fades into the page. */
const ordered = (at) => `light-dark(${tone(0.78 * (1 - at))}, ${tone(0.25 + 0.75 * at)})`;

function metricClasses(some) {
  const one = metric();
  const steps = 8;
  const range = spreadOf(some, one);
  const found = new Map();
  for (const run of some.toReversed()) {
    const place = merit(valueOf(run, one), range, one?.better);
    const at = place === null ? -1 : Math.round(place * steps);
    if (!found.has(at)) found.set(at, []);
    found.get(at).push(run);
  }
  const bests = bestsOf(some, one);
  return [...found]
    .sort(([a], [b]) => a - b)
    .map(([at, own]) => {
      const best = own.filter((run) => bests.has(run));
      return {
        text: best.length ? `best: run ${best.map((run) => runs[run].name).join(', ')}` : '',
        tone: at < 0 ? 'var(--faint)' : toneFor(at / steps),
        runs: own,
        at: best[0] ?? null,
      };
    });
}

/** A run by what tells it from the others. */
function runLabel(run, some) {
  const telling = keys.filter((key) => some.some((other) => key.of[other] !== key.of[run]));
  const text = telling.map((key) => short(labelOf(run, key), 16)).join(' · ');
  return text || `run ${runs[run].name}`;
}

function inkOptions(some, ink) {
  const usual = ink.each ? 'each run' : (ink.key?.title ?? 'the metric');
  return [
    ['', get('ink') ? 'automatic' : `automatic: ${short(usual, 30)}`],
    ...inkKeys(some).map((key) => [`key.${key.name}`, key.title]),
    ...(metrics.length ? [['metric', `the metric: ${metric().title}`]] : []),
  ];
}
