// Thumbnails as the marks of a chart: whole, over their points, as many as have room.

const MARK = 60; // pixels of the long edge
const MARKS = 120; // that are drawn

/** Lay thumbnails over a plotly chart, and anew whenever its axes or its size change. */
function marksOn(node, order, placed) {
  node.marks = { order, placed };
  layMarks(node);
  if (node.dataset.marked) return;
  node.dataset.marked = 'yes';
  node.on('plotly_afterplot', () => layMarks(node));
}

function layMarks(node) {
  const { xaxis, yaxis } = node._fullLayout ?? {};
  if (!xaxis?._length || !node.marks) return;
  const long = node.clientWidth < 600 ? 0.7 * MARK : MARK;
  const taken = [];
  const found = [];
  for (const run of node.marks.order) {
    if (found.length === MARKS) break;
    const place = node.marks.placed(run);
    const { ratio, thumbnail: src } = runs[run];
    const [wide, high] = fitted(ratio ?? [1, 1], long);
    const left = xaxis.d2p(place.x) - wide / 2;
    const top = yaxis.d2p(place.y) - high / 2;
    const box = [left, top, left + wide, top + high];
    const inside =
      left + wide / 2 >= 0 &&
      left + wide / 2 <= xaxis._length &&
      top + high / 2 >= 0 &&
      top + high / 2 <= yaxis._length;
    if (!src || !inside || taken.some((other) => overlap(box, other))) continue;
    taken.push(box);
    found.push(markOf(run, place, [left + xaxis._offset, top + yaxis._offset, wide, high]));
  }
  holderIn(node).replaceChildren(...found);
}

/** Width and height of a picture whose long edge has a length. */
const fitted = ([wide, high], long) =>
  [wide, high].map((side) => Math.round((side * long) / Math.max(wide, high)));

const overlap = (one, other) =>
  one[0] < other[2] + 4 && other[0] < one[2] + 4 && one[1] < other[3] + 4 && other[1] < one[3] + 4;

function markOf(run, { ink, kind }, [left, top, wide, high]) {
  return el(
    'div',
    {
      class: `mark${kind}`,
      'data-run': run,
      vars: {
        left: `${left}px`,
        top: `${top}px`,
        width: `${wide}px`,
        height: `${high}px`,
        'border-color': ink,
      },
    },
    thumbnail(run, ''),
  );
}

/** Plotly draws over what lies in its own element, so the marks lie beside that. */
function holderIn(node) {
  const found = node.querySelector('.marks');
  if (found) return found;
  const holder = el('div', { class: 'marks', 'aria-hidden': 'true' });
  node.append(holder);
  return holder;
}
