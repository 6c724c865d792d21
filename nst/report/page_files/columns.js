// The columns of the table of runs: what each holds, how its numbers look, which of them are shown.

const SIGNIFICANT = 3; // digits of the lesser numbers of a column
const DECIMALS = 5;

const powerOf = (value) => Math.floor(Math.log10(value));

const raised = (power) =>
  [...power.replace('+', '')].map((one) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[one] ?? '⁻').join('');

/** One format for the numbers of a column: their points in one line, or powers where none fits. */
function formatOf(values, better = '') {
  const sizes = values
    .filter(Boolean)
    .map(Math.abs)
    .sort((a, b) => a - b);
  if (!sizes.length) return figure;
  const [least, most] = [sizes[0], sizes.at(-1)];
  // By the lesser ones, which count most where lower is better, not by one that is almost nothing.
  const low = powerOf(sizes[Math.floor(sizes.length / (better === 'lower' ? 10 : 4))]);
  const whole = values.every((value) => value === null || Number.isInteger(value));
  const lesser = Math.max(SIGNIFICANT - 1 - low, Math.min(DECIMALS, -powerOf(least)));
  const decimals = whole ? 0 : Math.max(0, lesser);
  const powers = most >= 1e6 || decimals > DECIMALS || (!whole && powerOf(most) - low > 3);
  return (value) => {
    if (value === null || value === undefined) return '–';
    if (powers && value === 0) return '0';
    const text = powers ? value.toExponential(SIGNIFICANT - 1) : value.toFixed(decimals);
    return text.replace(/e(.*)$/, (_, power) => `×10${raised(power)}`).replace('-', '−');
  };
}

/** A column of numbers, `value` of a run being a number or null. */
function numberColumn(column) {
  const values = everyRun.map(column.value);
  return {
    ...column,
    number: true,
    values,
    format: formatOf(values, column.better),
    same: values.every((value) => value === values[0]),
  };
}

/** A column of texts, in the order of `place` where that is given. */
function textColumn(column) {
  const first = runs.length ? column.text(0) : '';
  return { ...column, same: everyRun.every((run) => column.text(run) === first) };
}

function keyColumn(key, on) {
  const common = { id: `key.${key.name}`, title: key.title, csv: key.name, group: 'settings', on };
  const text = (run) => labelOf(run, key);
  const place = (run) => (key.of[run] < 0 ? null : key.of[run]);
  const exact = (run) => (key.of[run] < 0 ? '' : (key.numbers?.[key.of[run]] ?? text(run)));
  // Labels of a few values have one form already; many are numbers like those of a metric.
  const format =
    key.numbers && key.values.length > MANY ? formatOf(key.numbers) : (_, run) => text(run);
  const shownText = key.numbers ? (run) => format(key.numbers[key.of[run]] ?? null, run) : text;
  const column = textColumn({ ...common, text: shownText, place, exact });
  return { ...column, right: Boolean(key.numbers) };
}

function metricColumn(one, measuredAtAll) {
  const loss = { losses: 'loss/', last: 'last/loss/' }[one.group] ?? '';
  return numberColumn({
    id: metricName(one),
    title: one.group === 'time' ? `${one.title}, s` : one.title,
    csv: loss + one.name,
    group: one.group === 'last' ? 'losses' : one.group,
    meaning: one.meaning,
    better: one.better,
    on: (one.group === 'metrics' && !isOfOneVoter(one)) || Boolean(one.objective) || !measuredAtAll,
    value: (run) => valueOf(run, one),
  });
}

/** What took the place of what, and which runs are the same: columns where there is any. */
const noteColumns = [
  ['fallbacks', 'fallback', 'fallback'],
  ['sameAs', 'same as', 'same_as'],
  ['reusedFrom', 'taken from', 'reused_from'],
]
  .filter(([id]) => runs.some((run) => run[id]))
  .map(([id, title, csv]) =>
    textColumn({
      id,
      title,
      csv,
      group: 'run',
      on: true,
      text: (run) => runs[run][id] || '–',
      exact: (run) => runs[run][id] ?? '',
    }),
  );

function allColumns() {
  const measuredAtAll = metrics.some((one) => one.group === 'metrics' || one.objective);
  const of = (group) => metrics.filter((one) => one.objective === true || one.group === group);
  const inOrder = [...new Set([...of('metrics'), ...metrics])];
  return [
    textColumn({
      id: 'status',
      title: 'status',
      group: 'run',
      on: true,
      text: (run) => runs[run].status,
    }),
    ...noteColumns,
    ...keys.map((key) => keyColumn(key, true)),
    ...data.hidden.map((key) => keyColumn(key, false)),
    ...inOrder.map((one) => metricColumn(one, measuredAtAll)),
    numberColumn({
      id: 'step',
      title: 'kept step',
      csv: 'best_step',
      group: 'run',
      on: true,
      value: (run) => runs[run].bestStep ?? null,
    }),
    textColumn({ id: 'started', title: 'started', group: 'run', on: false, text: startedAt }),
    ...Object.entries(data.common).map(([name, text]) => ({
      ...{ id: `common.${name}`, title: name, csv: name, group: 'alike', on: false, same: true },
      text: () => text,
    })),
  ];
}

/** When a run began, to the second. */
const startedAt = (run) =>
  short(runs[run].started ?? '–', 40)
    .replace('T', ' ')
    .slice(0, 19);

const nameColumn = { id: 'run', title: 'run', group: 'run', text: (run) => runs[run].name };
const tableColumns = allColumns();
const seedsColumn = { id: 'seeds', title: 'seeds', csv: 'seeds', group: 'settings', right: true };

/** What all runs have alike is told once, and is no column unless it is asked for. */
const isAlike = (column) => column.same && runs.length > 1;
const isUsual = (column) => column.on && !isAlike(column);
const phone = matchMedia('(max-width: 46rem)');

function isShown(column) {
  const asked = get('cols').split(',');
  const name = encodeURIComponent(column.id);
  if (isUsual(column)) return !asked.includes(`-${name}`);
  return asked.includes(name);
}

/** The columns in their order; on a phone what was measured stands beside the pictures. */
function shownColumns() {
  const some = tableColumns.filter(isShown).filter((one) => !(bySeeds() && isSeedColumn(one)));
  const isNumber = (column) => column.number && column.id !== 'step';
  const [first, rest] = phone.matches
    ? [some.filter(isNumber), some.filter((column) => !isNumber(column))]
    : [[], some];
  const at = rest.findIndex((column) => column.number);
  if (bySeeds()) rest.splice(at < 0 ? rest.length : at, 0, seedsColumn);
  return [nameColumn, ...first, ...rest];
}
