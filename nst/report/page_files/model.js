// What is shown: the runs, what they are called, and how two of them compare.

const data = JSON.parse(document.getElementById('data').textContent);
const runs = data.runs;
const keys = data.keys;
const everyKey = [...keys, ...data.hidden];
const metrics = data.metrics;
const natural = new Intl.Collator('en', { numeric: true });
const seedKey = keys.find((key) => key.name === 'seed');

const metricNamed = (name) => metrics.find((metric) => `${metric.group}.${metric.name}` === name);
const metricName = (metric) => `${metric.group}.${metric.name}`;
/** A key by its name, such as beta where alpha/beta took its place too. */
const keyNamed = (name) => everyKey.find((key) => key.name === name);
// Runs that differ in these are ranked apart.
const APART = ['content', 'style', 'style.blend', 'size'].map(keyNamed).filter(Boolean);

/** The number of a run, or null. */
function valueOf(run, metric) {
  return metric ? runs[run].metrics[metrics.indexOf(metric)] : null;
}

/** The label of a run for a key, or a dash where it has none. */
function labelOf(run, key) {
  const place = key.of[run];
  return place < 0 ? '–' : key.values[place];
}

/** " (in place of starry)", where a fallback stands in for what the run asked for. */
function replaced(run, key) {
  const own = runs[run].fallbacks.split('; ').find((one) => one.startsWith(`${key.name}=`));
  return own ? ` (in place of ${short(own.split(' instead of ').at(-1))})` : '';
}

/** The settings of a run in words, without those in `except`. */
function settings(run, except = []) {
  return keys
    .filter((key) => !except.includes(key))
    .map((key) => `${short(key.title)} ${short(labelOf(run, key), 40)}${replaced(run, key)}`)
    .join(', ');
}

/** A text cut to a length that a line can hold. */
function short(text, length = 60) {
  const characters = Array.from(String(text).slice(0, 4 * length));
  return characters.length <= length && String(text).length <= 4 * length
    ? characters.join('')
    : `${characters.slice(0, length - 1).join('')}…`;
}

/** A number with the digits that matter, and a true minus sign. */
function figure(value) {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text =
    size >= 1e6 || size < 1e-3
      ? value.toExponential(2)
      : size >= 1000
        ? value.toFixed(0)
        : value.toPrecision(3);
  return text.replaceAll('-', '−').replace('e+', 'e');
}

/** A metric's number with its unit, where it has one. */
function measured(value, metric) {
  if (value === null || metric.group !== 'time') return figure(value);
  if (value < 90) return `${figure(value)} s`;
  if (value < 5400) return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
  return `${Math.floor(value / 3600)} h ${Math.round((value % 3600) / 60)} min`;
}

/** Order by a metric, the better first and those without a number last. */
function byMerit(metric) {
  const sign = metric?.better === 'higher' ? -1 : 1;
  return (one, two) => {
    const [a, b] = [valueOf(one, metric), valueOf(two, metric)];
    if (a === null || b === null) return (a === null) - (b === null) || byName(one, two);
    return sign * (a - b) || byName(one, two);
  };
}

let nameRanks = null;

/** The place of a run by its name: comparing thousands of names again and again would be slow. */
function nameRank(run) {
  if (!nameRanks) {
    const order = runs
      .map((_, place) => place)
      .sort((a, b) => natural.compare(runs[a].name, runs[b].name) || a - b);
    nameRanks = [];
    order.forEach((place, rank) => (nameRanks[place] = rank));
  }
  return nameRanks[run];
}

const byName = (one, two) => nameRank(one) - nameRank(two);

const finished = (run) => runs[run].status === 'finished';

/** The keys of photograph, painting and size across which one of some metrics does not compare. */
function apartBy(...some) {
  const places = some.flatMap((one) => data.effects.within[metrics.indexOf(one)]);
  return keys.filter((key, at) => places.includes(at) && APART.includes(key));
}

/** The best finished runs of some, one for each photograph and painting that has several; none where neither way is better. */
function bestsOf(some, metric) {
  if (!metric?.better) return new Set();
  const order = byMerit(metric);
  const ranked = some.filter((run) => finished(run) && valueOf(run, metric) !== null);
  const first = (group) => group.runs.reduce((a, b) => (order(b, a) < 0 ? b : a));
  const several = groups(ranked, apartBy(metric)).filter((group) => group.runs.length > 1);
  return new Set(several.map(first));
}

/** Whether runs that agree in `given` agree in `key` too, so that it tells nothing more. */
function determined(key, given, some) {
  const seen = new Map();
  return some.every((run) => {
    const place = given.map((other) => other.of[run]).join();
    if (!seen.has(place)) seen.set(place, key.of[run]);
    return seen.get(place) === key.of[run];
  });
}
