// The color of a number: the better, the stronger.

// viridis: even steps look even, also to readers who see fewer colors.
const SCALE = [
  '#440154',
  '#472d7b',
  '#3b528b',
  '#2c728e',
  '#21918c',
  '#28ae80',
  '#5ec962',
  '#addc30',
  '#fde725',
];

/** The color of the scale at 0 to 1, as the channels of rgb(). */
function tone(share) {
  const at = Math.max(0, Math.min(1, share)) * (SCALE.length - 1);
  const low = Math.min(Math.floor(at), SCALE.length - 2);
  const channel = (hex, place) => parseInt(hex.slice(1 + 2 * place, 3 + 2 * place), 16);
  const mix = (place) =>
    Math.round(
      channel(SCALE[low], place) * (low + 1 - at) + channel(SCALE[low + 1], place) * (at - low),
    );
  return `rgb(${mix(0)} ${mix(1)} ${mix(2)})`;
}

const SCALES = ['linear', 'log', 'rank'];
const UNEVEN = 0.15; // where the median lies, below which half of the numbers look alike

/** The numbers of some runs from the least to the greatest. */
function sorted(some, metric) {
  return some
    .map((run) => valueOf(run, metric))
    .filter((value) => value !== null)
    .sort((a, b) => a - b);
}

const middle = (values) => values[Math.floor(values.length / 2)];

/** The scale on which numbers are told apart best: by size, by ratio, or else by rank. */
function usualScale(values) {
  if (values.length < 4 || values[0] === values.at(-1)) return 'linear';
  const even = (change) => {
    const [least, half, most] = [values[0], middle(values), values.at(-1)].map(change);
    const at = (half - least) / (most - least);
    return at >= UNEVEN && at <= 1 - UNEVEN;
  };
  if (even((value) => value)) return 'linear';
  if (values[0] > 0 && even(Math.log)) return 'log';
  return 'rank';
}

/** The scale of a metric: as chosen, else what suits all finished runs. */
function scaleOf(metric) {
  const values = sorted(everyRun.filter(finished), metric);
  const chosen = SCALES.includes(get('scale')) ? get('scale') : usualScale(values);
  return chosen === 'log' && !(values[0] > 0) ? 'linear' : chosen;
}

/** How the numbers of some runs are spread; null where none has one. */
function spreadOf(some, metric) {
  const values = sorted(some, metric);
  return values.length ? { values, scale: scaleOf(metric) } : null;
}

/** The place of a number in sorted ones, the middle of its equals, from 0. */
function rankIn(values, value) {
  const first = values.findIndex((one) => one >= value);
  return (first + values.findLastIndex((one) => one <= value)) / 2;
}

/** Where a value lies between the worst (0) and the best (1). */
function merit(value, spread, better) {
  if (value === null || !spread) return null;
  const { values, scale } = spread;
  const change = { linear: (one) => one, log: Math.log, rank: (one) => rankIn(values, one) }[scale];
  const [least, most] = [change(values[0]), change(values.at(-1))];
  if (least === most) return 1;
  const share = (change(value) - least) / (most - least);
  return better === 'lower' ? 1 - share : share;
}

/** A logarithmic axis for plotly with numbers as people write them, 0.02, 0.05, 0.1, not 2, 5, 10⁻¹. */
function logAxis(values) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const decades = Math.log10(most / least);
  const digits = decades < 0.7 ? [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9] : decades < 3 ? [1, 2, 5] : [1];
  const tickvals = [];
  for (let power = Math.floor(Math.log10(least)); power <= Math.ceil(Math.log10(most)); power++)
    tickvals.push(...digits.map((digit) => Number(`${digit}e${power}`)));
  const plainly = (value) => (value >= 1e-4 && value < 1e6 ? String(value) : figure(value));
  return { type: 'log', tickvals, ticktext: tickvals.map(plainly) };
}

/** An axis for means of the metric. Means have no rank: what is told apart by rank is drawn by ratio. */
const meanAxis = (values) =>
  scaleOf(metric()) !== 'linear' && values.every((value) => value > 0) ? logAxis(values) : {};

/** A metric as an axis of a chart: where its numbers lie, and what plotly is told. */
function axisFor(metric, some) {
  const spread = spreadOf(some, metric);
  if (!spread || spread.scale === 'linear') return { at: (value) => value, layout: {} };
  if (spread.scale === 'log')
    return { at: (value) => value, layout: logAxis(spread.values) };
  const { values } = spread;
  const last = values.length - 1;
  const places = [...new Set([0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => Math.round(share * last)))];
  return {
    at: (value) => rankIn(values, value),
    layout: { tickvals: places, ticktext: places.map((place) => figure(values[place])) },
  };
}

/** Dark is better on paper, bright on a dark page; the end that would fade away is left out. */
const toneFor = (share) => `light-dark(${tone(0.9 * (1 - share))}, ${tone(0.2 + 0.8 * share)})`;

function drawLegend(spread) {
  const one = metric();
  byId('legend').hidden = !spread;
  if (!spread) return;
  const { values, scale } = spread;
  const [first, last] = one.better === 'lower' ? [values.at(-1), values[0]] : [values[0], values.at(-1)];
  const stops = Array.from({ length: 9 }, (_, place) => toneFor(place / 8)).join(', ');
  const half = scale === 'rank' ? `, half of the runs below ${measured(middle(values), one)}` : '';
  const way = one.better ? `→ ${one.better} is better` : 'neither is better';
  byId('legend').replaceChildren(
    el('span', { class: 'legend-title', text: one.title, title: one.meaning }),
    el('span', { class: 'number', text: measured(first, one) }),
    el('span', {
      class: 'ramp',
      vars: { background: `linear-gradient(to right, ${stops})` },
      role: 'img',
      'aria-label': `from ${measured(first, one)} to ${measured(last, one)}`,
    }),
    el('span', { class: 'number', text: measured(last, one) }),
    el('span', {
      class: 'way',
      text: `${way}${{ linear: '', log: ', by ratio', rank: ', by rank' }[scale]}${half}`,
    }),
  );
}

/** What a reader can choose for colors and charts, the usual scale of the metric first. */
function scaleOptions() {
  const usual = usualScale(sorted(everyRun.filter(finished), metric()));
  return [
    ['', `automatic: ${usual}`],
    ['linear', 'linear'],
    ['log', 'logarithmic'],
    ['rank', 'by rank'],
  ];
}
