// The losses of the runs by step: a chart for each term, one run followed through all of them.

const CURVES = 500; // more are one thick line
const SUMS = {
  content: 'content loss',
  style: 'style loss',
  tv: 'total variation',
  total: 'total',
};
const RATIO = 20; // of the greatest to the least, from which powers of ten tell more
let histories = null;
let followable = { charts: [], some: [] };

function curvesData() {
  histories ??= JSON.parse(byId('curves-data').textContent);
  return histories;
}

const historyOf = (run) => curvesData().runs[run];
const termTitle = (name) => SUMS[name] ?? name.replace('/', ', ');

/** The values of a run for a term. */
const valuesOf = (run, name) => historyOf(run)?.[1][curvesData().terms.indexOf(name)] ?? [];

function lossTerms() {
  const { terms } = curvesData();
  const sums = terms.filter((name) => name in SUMS);
  const layers = terms.filter((name) => name.includes('/'));
  if (terms.includes(get('term'))) return [get('term')];
  return get('term') === 'layers' || !sums.length ? layers : sums;
}

/** Step and value at the end of a line. */
function endOf(run, name) {
  const values = valuesOf(run, name);
  const at = values.findLastIndex((value) => value !== null);
  return at < 0 ? null : [historyOf(run)[0][at], values[at]];
}

/** Whether powers of ten suit the values of a chart: as chosen, else where they are far apart. */
function isLog(name, some) {
  let [least, most, zeros] = [Infinity, 0, 0];
  for (const run of some)
    valuesOf(run, name).forEach((value, at) => {
      if (value > 0) [least, most] = [Math.min(least, value), Math.max(most, value)];
      else if (value !== null && at) zeros++; // the first is 0 where a run begins at its content
    });
  if (!most || get('log') === 'no') return false;
  return get('log') === 'yes' || (!zeros && most / least > RATIO);
}

function lossChart(name, some) {
  const own = some.filter((run) => endOf(run, name));
  const log = isLog(name, own);
  const at = (value) => (log ? Math.log10(value) : value);
  const drawable = (value) => value !== null && (!log || value > 0);
  let [least, most, last] = [Infinity, -Infinity, 1];
  for (const run of own) {
    last = Math.max(last, historyOf(run)[0].at(-1));
    for (const value of valuesOf(run, name))
      if (drawable(value)) [least, most] = [Math.min(least, at(value)), Math.max(most, at(value))];
  }
  const room = (most - least || Math.abs(most) || 1) * 0.06;
  const floor = log || least < 0 ? least - room : Math.max(0, least - room);
  return { name, log, at, drawable, runs: own, range: [floor, most + room], last };
}

function drawCurves(holder) {
  const names = lossTerms();
  const all = shown().filter((run) => names.some((name) => endOf(run, name)));
  const some = all.toSorted(byMerit(metric())).slice(0, CURVES);
  const lossCharts = names.map((name) => lossChart(name, some)).filter((one) => one.runs.length);
  const ends = lossCharts.map((one) =>
    one.runs
      .map((run) => [run, endOf(run, one.name)[1]])
      .filter(([, value]) => one.drawable(value))
      .map(([run, value]) => [run, one.at(value)]),
  );
  const ink = inkOf(some, ends);
  const classes = inkClasses(some, ink).map((one) => ({ ...one, tone: color(one.tone) }));
  fill(byId('ink'), inkOptions(some, ink), get('ink'));
  followable = { some, charts: lossCharts };
  for (const one of lossCharts) {
    one.node = holder.querySelector(`[data-term="${CSS.escape(one.name)}"] .chart`);
  }
  const style = look();
  inTurn(lossCharts.map((one) => () => drawLoss(one, classes, style)));
  lossesCaption(all, some, lossCharts, ink);
  follow(null);
}

/** A place for each chart before any is drawn, so that nothing below moves then. */
function layCharts() {
  const names = lossTerms().filter((name) => shown().some((run) => endOf(run, name)));
  const figures = new Map(
    [...byId('losses-charts').children].map((one) => [one.dataset.term, one]),
  );
  for (const [name, node] of figures) {
    if (names.includes(name)) continue;
    window.Plotly?.purge(node.querySelector('.chart'));
    node.remove();
  }
  for (const name of names) {
    const node = figures.get(name) ?? lossFigure(name);
    byId('losses-charts').append(node);
    node.querySelector('.chart').classList.toggle('tall', names.length === 1);
  }
}

/** Do the first of some things now and each other in a frame of its own; for paper, all now. */
function inTurn(acts) {
  const mine = Symbol();
  inTurn.now = mine;
  const next = ([first, ...rest]) => {
    if (!first || inTurn.now !== mine) return;
    first();
    if (printing) next(rest);
    else requestAnimationFrame(() => next(rest));
  };
  next(acts);
}

function lossFigure(name) {
  return el(
    'figure',
    { 'data-term': name },
    el('figcaption', {}, said(termTitle(name), 'value')),
    el('div', { class: 'chart', role: 'img', 'aria-label': termTitle(name) }),
  );
}

/** A loss with three digits, whatever its size. */
function lossText(value) {
  if (value === 0 || (value >= 0.01 && value < 1e4)) return figure(value);
  const [digits, power] = value.toExponential(2).split('e');
  return `${digits}×10${raised(power)}`;
}

/** All that a run's losses were at a step. */
function lossWords(run, step) {
  const at = historyOf(run)[0].indexOf(step);
  const told = followable.charts
    .map((one) => [termTitle(one.name), valuesOf(run, one.name)[at]])
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([title, value]) => `${title} ${lossText(value)}`);
  return `step ${step}: ${told.join(', ')}`;
}

function lossesCaption(all, some, lossCharts, ink) {
  const hasTotal = lossCharts.some((one) => one.name === 'total');
  const logs = lossCharts.filter((one) => one.log);
  const lost = logs.some((one) => one.runs.some((run) => valuesOf(run, one.name).includes(0)));
  const labels = ink.each
    ? `Labels: ${keys.map((key) => short(key.title)).join(' · ') || 'the run'}.`
    : ink.key
      ? 'Each label stands where the middle one of its runs ends.'
      : `The stronger the color, the better by ${metric()?.title ?? 'nothing'}.`;
  const words = [
    `Unweighted, at each check${hasTotal ? '; the total is weighted by alpha, beta and gamma' : ''}.`,
    labels,
    lost
      ? 'A loss of 0, as that of the content image itself, has no place among powers of ten.'
      : '',
    all.length > some.length
      ? `Drawn are the ${some.length} best of ${all.length} by ${metric()?.title ?? 'name'}.`
      : '',
  ];
  byId('losses-caption').textContent = all.length
    ? words.filter(Boolean).join(' ')
    : 'No run that passes the filter has a history.';
}

function startCurves() {
  const { terms } = curvesData();
  byId('losses').hidden = terms.length === 0;
  if (!terms.length) return;
  const sums = terms.filter((name) => name in SUMS);
  const layers = terms.filter((name) => !(name in SUMS));
  const pair = (name) => [name, termTitle(name)];
  const options = [
    ...(sums.length ? [['', sums.map((name) => (name === 'tv' ? 'TV' : name)).join(', ')]] : []),
    ...(layers.length ? [[sums.length ? 'layers' : '', 'each layer']] : []),
    { label: 'One of the sums', options: sums.map(pair) },
    { label: 'One layer', options: layers.map(pair) },
  ].filter((one) => Array.isArray(one) || one.options.length);
  const scales = [
    ['', 'automatic'],
    ['no', 'linear'],
    ['yes', 'powers of ten'],
  ];
  for (const name of ['term', 'ink', 'log'])
    byId(name).addEventListener('change', (event) => choose({ [name]: event.target.value }));
  part(
    () => [get('term'), get('log')],
    () => {
      fill(byId('term'), options, get('term'));
      fill(byId('log'), scales, get('log'));
    },
  );
  part(() => [get('term'), filterText()], layCharts);
  startFollowing();
  chart(byId('losses-charts'), () => [get('term'), get('ink'), get('log')], drawCurves);
}
