// Runs that differ in their seed alone as one row: their mean, their deviation, how many they are.

const isSeedColumn = (column) => column.id === 'key.seed';

/** The lines of the table before they are sorted: a run each, or a setting with its runs. */
function linesOf(some, together) {
  if (!together) return some.map((run) => ({ id: `r${run}`, run, runs: [run] }));
  const others = keys.filter((key) => key !== seedKey);
  const found = new Map();
  for (const run of some) {
    const place = others.map((key) => key.of[run]).join();
    if (!found.has(place)) found.set(place, []);
    found.get(place).push(run);
  }
  return [...found.values()].map((own) => {
    const [run] = own;
    return own.length === 1 ? { id: `r${run}`, run, runs: own } : { id: `s${run}`, run, runs: own };
  });
}

const isSetting = (line) => line.runs.length > 1;
const hasSeeds = Boolean(seedKey) && linesOf(everyRun, true).some(isSetting);
const bySeeds = () => hasSeeds && get('seeds') !== 'apart';

/** The number of a line: of its run, or over the seeds of those that finished. */
function numberOf(line, column) {
  if (!isSetting(line)) return { mean: column.values[line.run], sd: null, count: 1 };
  line.numbers ??= new Map();
  if (!line.numbers.has(column)) line.numbers.set(column, overSeeds(line, column));
  return line.numbers.get(column);
}

/** Mean and sample deviation over seeds; a run that stands twice under one seed counts once. */
function overSeeds(line, column) {
  const seeds = new Map();
  for (const run of line.runs) {
    const value = column.values[run];
    if (value === null || !finished(run)) continue;
    seeds.set(seedKey.of[run], [...(seeds.get(seedKey.of[run]) ?? []), value]);
  }
  const average = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const each = [...seeds.values()].map(average);
  const count = each.length;
  if (!count) return { mean: null, sd: null, count };
  const mean = average(each);
  const squares = each.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: count > 1 ? Math.sqrt(squares / (count - 1)) : null, count };
}

/** How many seeds of a line have finished. */
const seedsOf = (line) => new Set(line.runs.filter(finished).map((run) => seedKey.of[run])).size;

/** The runs of a setting in one name. */
function namesOf(line) {
  const all = line.runs.map((run) => runs[run].name).join(', ');
  return all.length <= 16 ? all : `${runs[line.run].name} +${line.runs.length - 1}`;
}
