// One metric against another, and the runs that no other run beats in both.

const POINTS = 3000; // beyond which the drawing takes longer than a reader waits

function plane() {
  const named = (name) => metrics.find((one) => one.group === 'metrics' && one.name === name);
  const [first, second] = metrics.filter((one) => one.objective);
  const usual = second ? [second, first] : [named('content_distance'), named('style_distance')];
  const across = metricNamed(get('x')) ?? usual[0] ?? metrics[0];
  const up = metricNamed(get('y')) ?? usual[1] ?? metrics.find((one) => one !== across);
  return [across, up];
}

/** The runs that no other run beats in one metric without losing in the other, as front.py has it. */
function paretoFront(some, across, up) {
  if (!across.better || !up.better || across === up) return [];
  const cost = (run, one) => (one.better === 'higher' ? -1 : 1) * valueOf(run, one);
  const order = some.toSorted(
    (a, b) => cost(a, across) - cost(b, across) || cost(a, up) - cost(b, up),
  );
  let last = null;
  return order.filter((run) => {
    const same = last !== null && cost(run, up) === cost(last, up);
    // Equal runs beat neither each other.
    const beaten = same && cost(run, across) > cost(last, across);
    if (last !== null && (cost(run, up) > cost(last, up) || beaten)) return false;
    last = run;
    return true;
  });
}

/** A front for each photograph, painting and size that the two metrics do not compare across. */
function frontsOf(some, across, up) {
  return groups(some, apartBy(across, up)).map((group) => paretoFront(group.runs, across, up));
}

function drawTradeoff(node) {
  const [across, up] = plane();
  const all = shown().filter(
    (run) => finished(run) && valueOf(run, across) !== null && valueOf(run, up) !== null,
  );
  const fronts = frontsOf(all, across, up);
  const front = fronts.flat();
  const onFront = new Set(front);
  const some =
    all.length > POINTS
      ? all.filter((run, at) => onFront.has(run) || at % Math.ceil(all.length / POINTS) === 0)
      : all;
  const spread = spreadOf(some, metric());
  const [x, y] = [axisFor(across, all), axisFor(up, all)];
  const style = look();
  const shades = some
    .map((run) => merit(valueOf(run, metric()), spread, metric().better))
    .map((share) => (share === null ? style.faint : Math.round(share * 64)));
  const palette = new Map();
  const shade = (value) => {
    if (typeof value === 'string') return value;
    if (!palette.has(value)) palette.set(value, color(toneFor(value / 64)));
    return palette.get(value);
  };
  const line = {
    x: fronts.flatMap((one) => [...one.map((run) => x.at(valueOf(run, across))), null]),
    y: fronts.flatMap((one) => [...one.map((run) => y.at(valueOf(run, up))), null]),
    type: 'scatter',
    mode: 'lines',
    line: { color: style.ink, width: 1.25, dash: 'dot' },
    hoverinfo: 'skip',
  };
  const points = {
    x: some.map((run) => x.at(valueOf(run, across))),
    y: some.map((run) => y.at(valueOf(run, up))),
    customdata: some,
    type: 'scatter',
    mode: 'markers',
    hoverinfo: 'none',
    marker: {
      opacity: 0.92,
      size: some.map((run) => (onFront.has(run) ? 13 : 9)),
      color: shades.map(shade),
      line: {
        width: some.map((run) => (onFront.has(run) ? 1.5 : 0.5)),
        color: some.map((run) => (onFront.has(run) ? style.ink : style.paper)),
      },
    },
  };
  const title = (one) => ({
    text: `${plain(one.title)}${one.better ? `, ${one.better} is better` : ''}${
      scaleOf(one) === 'rank' ? ', by rank' : ''
    }`,
  });
  plot(
    node,
    [line, points],
    {
      ...style.layout,
      xaxis: { ...style.axis, ...x.layout, title: title(across) },
      yaxis: { ...style.axis, ...y.layout, title: title(up) },
    },
    {
      words: (point) =>
        plane()
          .map((one) => `${one.title} ${measured(valueOf(point.customdata, one), one)}`)
          .join(', '),
    },
  );
  const inks = new Map(some.map((run, at) => [run, shade(shades[at])]));
  const order = [...front.filter(isRecommended), ...front, ...some];
  marksOn(node, [...new Set(order)], (run) => ({
    x: x.at(valueOf(run, across)),
    y: y.at(valueOf(run, up)),
    ink: inks.get(run),
    kind: `${onFront.has(run) ? ' on-line' : ''}${isRecommended(run) ? ' is-recommended' : ''}`,
  }));
  tradeoffWords(node, all, some, fronts, across, up);
}

function tradeoffWords(node, all, some, fronts, across, up) {
  const front = fronts.flat();
  const few = some.length < all.length ? ` ${some.length} of ${all.length} runs are drawn.` : '';
  const line = front.length
    ? fronts.length > 1
      ? ' Each dotted line is a Pareto front, one for each photograph and painting: from one to another the numbers do not compare.'
      : ' The dotted line is the Pareto front: no run beats one on it in both.'
    : ' These two have no front: a better way is not known for both.';
  byId('tradeoff-caption').textContent = all.length
    ? `Each picture or point is a finished run; zooming in makes room for more pictures.${line}${few}`
    : 'No finished run that passes the filter has both.';
  node.setAttribute(
    'aria-label',
    `${up.title} against ${across.title} of ${some.length} runs, ${front.length} on the Pareto front`,
  );
  const items = front
    .slice(0, 24)
    .map((run) =>
      el(
        'li',
        {},
        el(
          'button',
          { type: 'button', class: 'on-front', on: { click: () => openViewer(run, front) } },
          thumbnail(run, ''),
          said(runs[run].name),
          el('bdi', {
            class: 'front-settings',
            title: short(settings(run), 400),
            text: apart(run, front),
          }),
          el('span', {
            class: 'number',
            text: `${measured(valueOf(run, across), across)} · ${measured(valueOf(run, up), up)}`,
          }),
        ),
      ),
    );
  byId('front').replaceChildren(
    ...(items.length
      ? [
          el('p', {
            class: 'label',
            text: `On the front (${short(across.title)} · ${short(up.title)})`,
          }),
          el('ul', { class: 'front-row' }, ...items),
        ]
      : []),
  );
}

/** The settings of a run that are not the same in all of some. */
function apart(run, some) {
  const same = keys.filter((key) => some.every((other) => key.of[other] === key.of[run]));
  return settings(run, same);
}

function startTradeoff() {
  byId('tradeoff').hidden = metrics.length < 2;
  if (metrics.length < 2) return;
  for (const [id, name] of [
    ['across', 'x'],
    ['up', 'y'],
  ]) {
    byId(id).addEventListener('change', (event) => choose({ [name]: event.target.value }));
  }
  part(
    () => [get('x'), get('y')],
    () => {
      fill(byId('across'), metricOptions(), metricName(plane()[0]));
      fill(byId('up'), metricOptions(), metricName(plane()[1]));
    },
  );
  chart(byId('tradeoff-chart'), () => [get('x'), get('y')], drawTradeoff);
}
