// Where what one setting does depends on another: the pairs by how much, and a chart of one.

const PAIRS = 8; // that are listed

/** The pairs of settings that the metric has a table of, the strongest interaction first. */
function rankedPairs() {
  const at = metrics.indexOf(metric());
  return data.effects.pairs
    .map((pair) => ({ ...pair.by[at], of: pair.of, known: pair.by[at] !== null }))
    .filter((pair) => pair.known)
    .toSorted((a, b) => b.size - a.size)
    .slice(0, PAIRS);
}

const pairName = (pair) => pair.of.join('-');
const pairTitle = (pair) => pair.of.map((place) => short(factors[place].title, 30)).join(' × ');

/** The pair to draw: the chosen one, else the strongest. */
function pairNow() {
  const ranked = rankedPairs();
  return ranked.find((pair) => pairName(pair) === get('pair')) ?? ranked[0] ?? null;
}

function drawPairs() {
  const ranked = rankedPairs();
  byId('interactions').hidden = ranked.length === 0;
  if (!ranked.length) return;
  const now = pairNow();
  const most = ranked[0].size || 1;
  byId('pairs').replaceChildren(
    ...ranked.map((pair) =>
      el(
        'li',
        {},
        el(
          'button',
          {
            type: 'button',
            class: 'pair',
            'aria-pressed': String(pairName(pair) === pairName(now)),
            on: { click: () => choose({ pair: pairName(pair) }) },
          },
          el('span', { class: 'pair-title', text: pairTitle(pair) }),
          el('span', { class: 'pair-size number', text: measured(pair.size, metric()) }),
          el('span', { class: 'pair-bar', vars: { '--share': pair.size / most } }),
        ),
      ),
    ),
  );
  byId('pair-words').textContent =
    `${now.words} ${Math.round(100 * now.share)} % of what the two do to ${metric().title} comes of their combination` +
    ` (means of ${now.blocks} ${now.blocks === 1 ? 'block' : 'blocks'}).`;
}

function drawPair(node) {
  const pair = pairNow();
  if (!pair) return;
  const [one, other] = pair.of.map((place) => factors[place]);
  const style = look();
  const last = other.values.length - 1;
  const traces = one.values.map((value, row) => {
    const shade = color(toneFor(0.25 + (0.75 * row) / Math.max(1, one.values.length - 1)));
    return {
      x: other.values.map((_, place) => place),
      y: pair.table[row],
      customdata: other.values.map(
        (own) => `${short(one.title)} ${short(value)}, ${short(other.title)} ${short(own)}`,
      ),
      text: other.values.map((_, place) => (place === last ? plain(value, 14) : '')),
      textposition: 'middle right',
      textfont: { color: style.ink },
      cliponaxis: false,
      type: 'scatter',
      mode: 'lines+markers+text',
      hoverinfo: 'none',
      line: { color: shade, width: 2 },
      marker: { size: 7, color: shade },
    };
  });
  plot(
    node,
    traces,
    {
      ...style.layout,
      margin: { l: 56, r: 96, t: 10, b: 44 },
      xaxis: { ...style.axis, ...levelTicks(other), title: { text: plain(other.title) } },
      yaxis: { ...style.axis, ...meanAxis(pair.table.flat()), nticks: 6 },
    },
    { words: (point) => `${metric().title} ${measured(point.y, metric())}` },
  );
  node.setAttribute(
    'aria-label',
    `${metric().title} by ${short(other.title)}, a line for each ${short(one.title)}. ${pair.words}`,
  );
}

function startInteractions() {
  part(() => [get('metric'), get('pair')], drawPairs);
  chart(byId('pair-chart'), () => [get('pair')], drawPair);
}
