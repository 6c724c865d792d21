// The labels at the ends of lines: beside them, and never one over the other.

const LABEL = 15; // pixels from one label to the next
const LEAD = 14; // from a line's end to its label

const ruler = document.createElement('canvas').getContext('2d');

function widthOf(text) {
  ruler.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}

/** Places as close to those wanted as leaves `gap` between them, within 0 and `height`. */
function spacedOut(places, gap, height) {
  const order = places.map((_, at) => at).sort((a, b) => places[a] - places[b]);
  const found = [];
  let least = 0;
  for (const at of order) {
    found[at] = Math.max(places[at], least);
    least = found[at] + gap;
  }
  let most = height;
  for (const at of order.toReversed()) {
    found[at] = Math.min(found[at], most);
    most = found[at] - gap;
  }
  return found;
}

/** Annotations and leading lines for labels with a `text`, a `tone`, a `place` from the top and
 * the `share` of the width at which their line ends. */
function endLabels(ends, width, height, ink) {
  const places = spacedOut(
    ends.map((one) => one.place),
    LABEL,
    height,
  );
  const up = (pixels) => 1 - pixels / height;
  return {
    annotations: ends.map((one, at) => ({
      ...{ xref: 'paper', yref: 'paper', x: 1, y: up(places[at]), xshift: LEAD + 2 },
      ...{ xanchor: 'left', yanchor: 'middle', align: 'left', showarrow: false, text: one.text },
      font: { color: ink, size: 12 },
    })),
    shapes: ends.flatMap((one, at) => {
      const [end, label] = [up(one.place), up(places[at])];
      const line = { type: 'line', xref: 'paper', yref: 'paper', y0: end };
      const beside = { ...line, x0: 1, x1: 1 + LEAD / width, y1: label };
      const before = { ...line, x0: one.share, x1: 1, y1: end }; // of a run that ended early
      return [
        { ...beside, line: { color: one.tone, width: 2.5 } },
        { ...before, line: { color: one.tone, width: 1, dash: 'dot' } },
      ].slice(0, one.share < 1 ? 2 : 1);
    }),
  };
}
