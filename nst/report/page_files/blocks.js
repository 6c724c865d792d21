// The charts of the effects: a line for each block, and below it the differences with their intervals.

const LINES = 200; // blocks that a chart draws
const SETTINGS = 1500; // points in one chart
const DISCRETE = 24; // values of a number, beyond which it is drawn as a line of numbers
const GROUPS = 8; // photographs, beyond which no means are drawn

/** The place of a run's value of a factor; keys that go together have one. */
const levelOf = (factor, run) => keys[factor.keys[0]].of[run];

function meanOf(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The finished runs with a number, whatever the filter. */
const judged = () => everyRun.filter((run) => finished(run) && valueOf(run, metric()) !== null);

/** Of each block its runs by the factor's value, and what it belongs to: one photograph, say. */
function blocksOf(factor) {
  const others = keysOf(factor.others);
  if (effectFor(factor).seeds && seedKey) others.push(seedKey);
  const within = keysOf(data.effects.within[metrics.indexOf(metric())]);
  return groups(judged(), others).map((group) => {
    const levels = factor.values.map(() => []);
    for (const run of group.runs) levels[levelOf(factor, run)]?.push(run);
    const means = levels.map((some) =>
      some.length ? meanOf(some.map((run) => valueOf(run, metric()))) : null,
    );
    return { levels, means, of: within.map((key) => labelOf(group.runs[0], key)).join(', ') };
  });
}

/** Every so many of some, so that no more than `most` are left. */
function thinned(some, most) {
  const step = Math.ceil(some.length / most);
  return step > 1 ? some.filter((_, at) => at % step === 0) : some;
}

function drawEffect(node, factor) {
  const row = effectFor(factor);
  node.hidden = Boolean(row.why);
  if (row.why) return;
  if (row.differences.length) drawBlocks(node, factor, row);
  else drawUnpaired(node, factor);
}

function drawBlocks(node, factor, row) {
  const style = look();
  const every = blocksOf(factor).filter(
    (block) => block.means.filter((mean) => mean !== null).length > 1,
  );
  const blocks = thinned(every, LINES);
  const places = factor.values.map((_, place) => place);
  const lines = {
    x: blocks.flatMap(() => [...places, null]),
    y: blocks.flatMap((block) => [...block.means, null]),
    customdata: blocks.flatMap((block) => [...block.levels.map((some) => some[0]), null]),
    type: 'scatter',
    mode: 'lines+markers',
    hoverinfo: 'none',
    line: { color: style.faint, width: 1 },
    marker: { size: 4, color: style.faint },
    opacity: Math.max(0.3, Math.min(0.9, 14 / blocks.length)),
  };
  const low = every.flatMap((block) => block.means).filter((mean) => mean !== null);
  plot(
    node,
    [lines, ...meanLines(factor, row, every, style), ...differenceMarks(factor, row, style)],
    {
      ...style.layout,
      margin: { l: 52, r: 8, t: 8, b: 36 },
      xaxis: { ...style.axis, ...levelTicks(factor), anchor: 'y2', title: undefined },
      yaxis: {
        ...style.axis,
        ...meanAxis(low),
        domain: [0.42, 1],
        title: undefined,
        nticks: 6,
      },
      yaxis2: {
        ...style.axis,
        domain: [0, 0.33],
        title: undefined,
        nticks: 4,
        zeroline: true,
        zerolinecolor: style.faint,
      },
    },
    { words: (point) => `${metric().title} ${measured(point.y, metric())}` },
  );
  const heads = row.headline || `${metric().title} by ${short(factor.title)}`;
  node.setAttribute('aria-label', `${heads}; the numbers are in the table below it`);
}

/** The mean of the complete blocks, of each photograph by itself where there are several. */
function meanLines(factor, row, every, style) {
  if (!row.means.length) return [];
  const found = new Map();
  for (const block of every) {
    if (block.means.includes(null)) continue;
    if (!found.has(block.of)) found.set(block.of, []);
    found.get(block.of).push(block.means);
  }
  if (found.size > GROUPS) return [];
  return [...found].map(([of, some]) => ({
    x: factor.values.map((_, place) => place),
    y: factor.values.map((_, place) => meanOf(some.map((means) => means[place]))),
    customdata: factor.values.map(
      (value) => `${short(factor.title)} ${short(value)}, mean${of ? ` of ${short(of)}` : ''}`,
    ),
    type: 'scatter',
    mode: 'lines+markers',
    hoverinfo: 'none',
    line: { color: style.ink, width: 2.5 },
    marker: { size: 8, color: style.ink, symbol: 'diamond' },
  }));
}

/** Each value's difference to the first, with its interval, in the lower part of the chart. */
function differenceMarks(factor, row, style) {
  const better = metric().better === 'lower' ? -1 : metric().better === 'higher' ? 1 : 0;
  const inks = row.differences.map(([, , mean, least, most]) => {
    if (least === null || (least <= 0 && most >= 0) || !better) return style.ink;
    return color(better * mean > 0 ? 'var(--accent)' : 'var(--bad)');
  });
  const first = {
    x: [0],
    y: [0],
    yaxis: 'y2',
    type: 'scatter',
    mode: 'markers',
    hoverinfo: 'skip',
    marker: { size: 8, color: style.paper, line: { color: style.ink, width: 1.5 } },
  };
  return [
    first,
    ...row.differences.map(([level, pairs, mean, least, most, above, below], at) => ({
      x: [level],
      y: [mean],
      customdata: [
        `${short(factor.values[level])} − ${short(factor.values[0])}: above in ${above}, below in ${below} of ${pairs}`,
      ],
      yaxis: 'y2',
      type: 'scatter',
      mode: 'markers',
      hoverinfo: 'none',
      marker: { size: 8, color: inks[at] },
      error_y:
        least === null
          ? undefined
          : {
              type: 'data',
              symmetric: false,
              array: [most - mean],
              arrayminus: [mean - least],
              thickness: 2,
              width: 4,
              color: inks[at],
            },
    })),
  ];
}

function levelTicks(factor) {
  const count = factor.values.length;
  const places = factor.values.map((_, place) => place);
  const told = count > DISCRETE ? thinned(places, 10) : places;
  return {
    tickvals: told,
    ticktext: told.map((place) => tickText(factor.values[place], told.length)),
    range: [-0.4, count - 0.6],
    tickangle: count > 5 ? undefined : 0,
  };
}

/** Where nothing is paired: the runs as points, and no line that would claim an effect. */
function drawUnpaired(node, factor) {
  const style = look();
  const some = thinned(
    judged().filter((run) => levelOf(factor, run) >= 0),
    SETTINGS,
  );
  const { numbers } = keys[factor.keys[0]];
  const scattered = numbers && factor.values.length > DISCRETE;
  const beside = (run, at) =>
    scattered ? numbers[levelOf(factor, run)] : levelOf(factor, run) + ((at % 9) - 4) / 24;
  const points = {
    x: some.map(beside),
    y: some.map((run) => valueOf(run, metric())),
    customdata: some,
    type: 'scatter',
    mode: 'markers',
    hoverinfo: 'none',
    marker: { size: 6, color: style.faint, opacity: 0.75 },
  };
  const positive = scattered && Math.min(...numbers) > 0;
  const wide = positive && Math.max(...numbers) / Math.min(...numbers) > 50;
  plot(
    node,
    [points],
    {
      ...style.layout,
      margin: { l: 52, r: 8, t: 8, b: 36 },
      xaxis: {
        ...style.axis,
        ...(scattered ? { type: wide ? 'log' : 'linear' } : levelTicks(factor)),
        title: undefined,
      },
      yaxis: { ...style.axis, ...meanAxis(points.y), title: undefined, nticks: 6 },
    },
    { words: (point) => `${metric().title} ${measured(point.y, metric())}` },
  );
  node.setAttribute(
    'aria-label',
    `${metric().title} of ${some.length} runs by ${short(factor.title)}; nothing is paired`,
  );
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
