// What a setting does to the metric: each value's mean over the other settings, with its spread.

const SETTINGS = 1500; // points in one chart
const DISCRETE = 24; // values of a number, beyond which it is drawn as a line of numbers

function meanOf(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The standard deviation of a sample; null for fewer than two. */
function deviation(values) {
  if (values.length < 2) return null;
  const mean = meanOf(values);
  return Math.sqrt(
    values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1),
  );
}

/** Runs that differ in their seed alone, as one setting with a mean and a spread. */
function replicates(some) {
  const others = keys.filter((key) => key !== seedKey);
  return groups(some, others).map((group) => {
    const values = group.runs.map((run) => valueOf(run, metric()));
    return { run: group.runs[0], runs: group.runs, mean: meanOf(values), sd: deviation(values) };
  });
}

const judged = () => shown().filter((run) => finished(run) && valueOf(run, metric()) !== null);

function effectOf(key) {
  const some = judged().filter((run) => key.of[run] >= 0);
  const settingsOf =
    key === seedKey
      ? some.map((run) => ({ run, runs: [run], mean: valueOf(run, metric()), sd: null }))
      : replicates(some);
  return groups(some, [key]).map(({ place: [place] }) => {
    const here = settingsOf.filter((one) => key.of[one.run] === place);
    const values = here.map((one) => one.mean);
    return { place, here, mean: meanOf(values), sd: deviation(values) };
  });
}

function drawEffect(node, key) {
  const effect = effectOf(key);
  const style = look();
  const scattered = key.numbers && key.values.length > DISCRETE;
  const at = (place, share) =>
    scattered ? key.numbers[place] : effect.findIndex((one) => one.place === place) + share;
  const step = Math.ceil(effect.reduce((sum, one) => sum + one.here.length, 0) / SETTINGS);
  const dots = effect
    .flatMap(({ place, here }) =>
      here.map((one, rank) => ({
        ...one,
        x: at(place, here.length > 1 ? 0.16 + (0.26 * rank) / (here.length - 1) : 0.22),
      })),
    )
    .filter((_, rank) => rank % step === 0);
  const points = {
    x: dots.map((one) => one.x),
    y: dots.map((one) => one.mean),
    customdata: dots.map((one) => one.run),
    type: 'scatter',
    mode: 'markers',
    hoverinfo: 'none',
    marker: { size: 6, color: style.faint, opacity: 0.75 },
  };
  if (dots.some((one) => one.sd !== null))
    points.error_y = {
      type: 'data',
      array: dots.map((one) => one.sd ?? 0),
      thickness: 1,
      width: 2,
      color: style.faint,
    };
  const means = {
    x: effect.map(({ place }) => at(place, 0)),
    y: effect.map((one) => one.mean),
    customdata: effect.map((one) => `${short(key.title)} ${short(key.values[one.place])}`),
    type: 'scatter',
    mode: key.numbers ? 'lines+markers' : 'markers',
    hoverinfo: 'none',
    line: { color: style.ink, width: 1.25 },
    marker: { size: 9, color: style.ink, symbol: 'diamond' },
    error_y: {
      type: 'data',
      array: effect.map((one) => one.sd ?? 0),
      thickness: 1.5,
      width: 4,
      color: style.ink,
    },
  };
  const positive =
    scattered &&
    Math.min(...key.numbers) > 0 &&
    Math.max(...key.numbers) / Math.min(...key.numbers) > 50;
  const ticks = scattered
    ? { type: positive ? 'log' : 'linear' }
    : {
        tickvals: effect.map((_, rank) => rank),
        ticktext: effect.map(({ place }) => tickText(key.values[place], effect.length)),
        range: [-0.4, effect.length - 0.4],
        tickangle: effect.length > 5 ? undefined : 0,
      };
  // Means and deviations have no rank: numbers that are told apart by rank are drawn by ratio.
  const logarithmic = scaleOf(metric()) !== 'linear' && dots.every((one) => one.mean > 0);
  plot(
    node,
    scattered ? [points] : [points, means],
    {
      ...style.layout,
      margin: { l: 48, r: 8, t: 8, b: 36 },
      xaxis: { ...style.axis, ...ticks, title: undefined },
      yaxis: { ...style.axis, ...(logarithmic ? { type: 'log' } : {}), title: undefined, nticks: 6 },
    },
    { words: (point) => `${metric().title} ${measured(point.y, metric())}` },
  );
  node.setAttribute(
    'aria-label',
    `${metric().title} by ${short(key.title)}; the numbers are in the table below it`,
  );
  effectTable(node.nextElementSibling, key, effect);
}

/** A label in lines that fit below its tick, broken where its parts are joined. */
function tickText(label, count) {
  const width = Math.max(6, Math.floor(40 / count));
  const lines = [''];
  for (const piece of short(label, 64).split(/(?<=[+,;:/ ])/)) {
    if (lines.at(-1) && (lines.at(-1) + piece).length > width) lines.push('');
    lines[lines.length - 1] += piece;
  }
  const shownLines = lines.length > 5 ? [...lines.slice(0, 4), '…'] : lines;
  return shownLines.map((line) => plain(line, Math.max(16, width))).join('<br>');
}

function effectTable(details, key, effect) {
  const rows = effect
    .slice(0, 200)
    .map((one) =>
      el(
        'tr',
        {},
        el('th', { scope: 'row' }, said(key.values[one.place], 'value')),
        el('td', { class: 'number', text: measured(one.mean, metric()) }),
        el('td', { class: 'number', text: one.sd === null ? '–' : measured(one.sd, metric()) }),
        el('td', { class: 'number', text: one.here.length }),
      ),
    );
  const head = ['', 'mean', 'sd', 'settings'].map((text) =>
    text ? el('th', { scope: 'col', class: 'number', text }) : el('td'),
  );
  details.replaceChildren(
    el('summary', { text: 'Numbers' }),
    el(
      'table',
      { class: 'facts' },
      el('caption', { class: 'unseen', text: `${metric().title} by ${short(key.title)}` }),
      el('thead', {}, el('tr', {}, ...head)),
      el('tbody', {}, ...rows),
    ),
  );
}

function drawEffectsCaption() {
  const some = judged();
  const words = [
    `The ${metric()?.title} of finished runs.`,
    'Diamonds: the mean over all other settings, with its standard deviation; points: each setting.',
  ];
  if (seedKey) {
    words.push('Runs that differ in their seed alone are one point, its bar their deviation.');
  }
  byId('effects-caption').textContent = some.length
    ? words.join(' ')
    : 'No finished run that passes the filter has this metric.';
}

function startEffects() {
  byId('effects').hidden = keys.length === 0 || metrics.length === 0;
  if (byId('effects').hidden) return;
  for (const key of keys.toSorted((a, b) => (a === seedKey) - (b === seedKey))) {
    const node = el('div', { class: 'chart', role: 'img' });
    byId('effects-charts').append(
      el(
        'figure',
        {},
        el('figcaption', {}, said(key.title, 'value')),
        node,
        el('details', { class: 'effect-numbers' }, el('summary', { text: 'Numbers' })),
      ),
    );
    chart(
      node,
      () => [],
      () => drawEffect(node, key),
    );
  }
  part(() => [filterText(), get('metric')], drawEffectsCaption);
}
