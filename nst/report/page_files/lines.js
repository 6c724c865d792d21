// The lines of one chart of the losses, and how it is laid out.

const MARKED = 24; // runs whose checks are marked, too

/** Lines of one color in one trace, with a gap from one to the next: hundreds stay fast. */
function lossTraces(one, classes) {
  const many = one.runs.length;
  return classes.flatMap((group) => {
    const [line, lone] = [emptyTrace(), emptyTrace()];
    for (const run of group.runs) {
      const points = pointsOf(run, one);
      const to = points.length === 1 && many > MARKED ? lone : line;
      for (const [step, value] of [...points, [null, null]]) {
        to.x.push(step);
        to.y.push(value);
        to.customdata.push(run);
      }
    }
    Object.assign(line, {
      mode: many > MARKED ? 'lines' : 'lines+markers',
      line: { color: group.tone, width: many > 100 ? 0.9 : many > MARKED ? 1.25 : 1.75 },
      marker: { size: 4, color: group.tone },
      opacity: many > MARKED ? 0.75 : 1,
    });
    Object.assign(lone, { mode: 'markers', marker: { size: 5, color: group.tone } });
    return lone.x.length ? [line, lone] : [line];
  });
}

const emptyTrace = () => ({ x: [], y: [], customdata: [], type: 'scatter', hoverinfo: 'none' });

/** Steps and values of a run that have a place in a chart. */
function pointsOf(run, one) {
  const values = valuesOf(run, one.name);
  return historyOf(run)[0]
    .map((step, at) => [step, values[at] ?? null])
    .filter(([, value]) => one.drawable(value));
}

/** Where the lines of each color end, told by the middle one. */
function lossEnds(one, classes, height) {
  const own = new Set(one.runs);
  const [least, most] = one.range;
  return classes
    .filter((group) => group.text)
    .map((group) => {
      const from = group.at === undefined ? group.runs : [group.at];
      const ends = from
        .filter((run) => own.has(run))
        .map((run) => endOf(run, one.name))
        .filter(([, value]) => one.drawable(value))
        .sort(([, a], [, b]) => a - b);
      if (!ends.length) return null;
      const last = ends.reduce((most, [step]) => Math.max(most, step), 0);
      const [step, value] = middle(ends.filter(([end]) => end === last));
      const place = height * (1 - (one.at(value) - least) / (most - least));
      return { text: plain(group.text, 26), tone: group.tone, place, share: step / one.last };
    })
    .filter(Boolean);
}

function drawLoss(one, classes, style) {
  const [fullWidth, fullHeight] = printing
    ? one.node.matches('.tall')
      ? [680, 380]
      : [330, 220]
    : [one.node.clientWidth, one.node.clientHeight];
  const texts = classes.map((group) => short(group.text, 26));
  const right = Math.min(fullWidth * 0.36, Math.max(...texts.map(widthOf)) + LEAD + 8);
  const margin = { l: 62, r: Math.max(14, right), t: 8, b: 38 };
  one.margin = margin;
  const [width, height] = [fullWidth - margin.l - margin.r, fullHeight - margin.t - margin.b];
  const axis = { ...style.axis, automargin: false, fixedrange: true };
  const decades = one.range[1] - one.range[0];
  plot(
    one.node,
    lossTraces(one, classes),
    {
      ...style.layout,
      ...endLabels(lossEnds(one, classes, height), width, height, style.ink),
      ...{ margin, dragmode: false },
      xaxis: {
        ...axis,
        ...{ title: { text: 'step', standoff: 4 }, range: [0, one.last] },
        ...{ tick0: 0, dtick: wholeStep(one.last), tickformat: 'd' },
      },
      yaxis: {
        ...axis,
        ...{ range: one.range, type: one.log ? 'log' : 'linear' },
        ...(one.log
          ? { dtick: decades > 1 ? Math.ceil(decades / 6) : 'D2', tickfont: { size: 10 } }
          : { nticks: 6 }),
      },
    },
    {
      words: (point) => lossWords(point.customdata, point.x),
      enter: (point) => follow(point.customdata, point.x),
      leave: () => follow(null),
    },
  );
  one.node.setAttribute(
    'aria-label',
    `${termTitle(one.name)} by step of ${one.runs.length} runs; arrow keys go through them`,
  );
}

/** A whole distance of ticks that gives about five of them. */
function wholeStep(last) {
  const size = 10 ** Math.floor(Math.log10(last / 5));
  const wanting = [1, 2, 5, 10].find((one) => one * size * 5 >= last) * size;
  return Math.max(1, Math.round(wanting));
}
