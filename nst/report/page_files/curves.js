// The losses of the runs, one over the other.

const CURVES = 60; // more are one thick line
const INKS = [
  '#4269d0',
  '#efb118',
  '#ff725c',
  '#6cc5b0',
  '#3ca951',
  '#ff8ab7',
  '#a463f2',
  '#97bbf5',
  '#9c6b4e',
  '#9498a0',
];
let histories = null;

function curvesData() {
  histories ??= JSON.parse(byId('curves-data').textContent);
  return histories;
}

function term() {
  const { terms } = curvesData();
  return terms.includes(get('term')) ? get('term') : terms[0];
}

/** The key that colors the curves; without one the metric does. */
const inkKey = () =>
  keys.find(
    (key) =>
      key.name === get('ink').slice(4) &&
      get('ink').startsWith('key.') &&
      key.values.length <= INKS.length,
  );

function curveRuns() {
  const place = curvesData().terms.indexOf(term());
  const has = (run) => curvesData().runs[run]?.[1][place].some((value) => value !== null);
  return shown().filter(has).toSorted(byMerit(metric()));
}

function curveInk(run, shades) {
  const key = inkKey();
  if (key) return INKS[key.of[run]] ?? INKS.at(-1);
  const share = merit(valueOf(run, metric()), shades, metric()?.better);
  return color(share === null ? 'var(--faint)' : toneFor(share));
}

function drawCurves(node) {
  const all = curveRuns();
  const some = all.slice(0, CURVES);
  const shades = spreadOf(some, metric());
  const place = curvesData().terms.indexOf(term());
  const style = look();
  // The best is drawn last, over the others.
  const traces = some.toReversed().map((run) => {
    const [steps, values] = curvesData().runs[run];
    return {
      x: steps,
      y: values[place],
      customdata: steps.map(() => run),
      type: 'scatter',
      mode: 'lines+markers',
      line: { color: curveInk(run, shades), width: 1.75 },
      marker: { size: 3.5 },
      hoverinfo: 'none',
    };
  });
  const log = get('log') !== 'no';
  plot(
    node,
    traces,
    {
      ...style.layout,
      xaxis: { ...style.axis, title: { text: 'step' }, rangemode: 'tozero' },
      yaxis: {
        ...style.axis,
        type: log ? 'log' : 'linear',
        dtick: log && spread(traces) > 10 ? 1 : undefined,
        title: { text: `${plain(term())} loss` },
      },
    },
    {
      words: (point) => `step ${figure(point.x)}: ${figure(point.y)}`,
      enter: (point) => lift(node, point.curveNumber),
      leave: () => lift(node, -1),
    },
  );
  lossesCaption(all.length, some.length, log);
  node.setAttribute(
    'aria-label',
    `${term()} loss by step of ${some.length} runs; the table below has where they ended`,
  );
}

/** How many times the greatest value is the least. */
function spread(traces) {
  const values = traces.flatMap((trace) => trace.y).filter((value) => value > 0);
  return (
    values.reduce((a, b) => Math.max(a, b), 0) / values.reduce((a, b) => Math.min(a, b), Infinity)
  );
}

function lossesCaption(all, some, log) {
  const words = [
    `The ${term()} loss at each check, ${term() === 'total' ? 'weighted' : 'unweighted'}.`,
    log ? 'A value of 0 has no place on a logarithmic axis.' : '',
    all > some ? `Drawn are the ${some} best of ${all} by ${metric()?.title ?? 'name'}.` : '',
  ];
  byId('losses-caption').textContent = all
    ? words.filter(Boolean).join(' ')
    : 'No run that passes the filter has a history.';
  const key = inkKey();
  byId('losses-legend').replaceChildren(
    ...(key
      ? key.values.map((label, at) =>
          el('span', { class: 'chip', vars: { '--tone': INKS[at] } }, said(label, 'value')),
        )
      : []),
  );
}

/** Bring a curve forward. */
function lift(node, place) {
  const lines = node.querySelectorAll('.scatterlayer > .trace');
  node.classList.toggle('lifted', place >= 0);
  lines.forEach((line, at) => line.classList.toggle('lift', at === place));
}

function startCurves() {
  const { terms } = curvesData();
  byId('losses').hidden = terms.length === 0;
  if (!terms.length) return;
  const sums = terms.filter((name) => !name.includes('/'));
  const layers = terms.filter((name) => name.includes('/'));
  const pair = (name) => [name, name];
  const groupsOf = [
    { label: 'Sums', options: sums.map(pair) },
    { label: 'Layers', options: layers.map(pair) },
  ].filter((group) => group.options.length);
  byId('term').addEventListener('change', (event) => choose({ term: event.target.value }));
  byId('ink').addEventListener('change', (event) => choose({ ink: event.target.value }));
  byId('log').addEventListener('change', (event) =>
    choose({ log: event.target.checked ? '' : 'no' }),
  );
  part(
    () => [get('term'), get('ink'), get('log')],
    () => {
      fill(byId('term'), groupsOf, term());
      fill(
        byId('ink'),
        [
          ['', 'the metric'],
          ...keys
            .filter((key) => key.values.length <= INKS.length)
            .map((key) => [`key.${key.name}`, key.title]),
        ],
        get('ink'),
      );
      byId('log').checked = get('log') !== 'no';
    },
  );
  chart(byId('losses-chart'), () => [get('term'), get('ink'), get('log')], drawCurves);
}
