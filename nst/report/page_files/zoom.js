// How large pictures are drawn and which part of them: a view, shared by all panes that show it.
//
// No library: those for zooming (@panzoom/panzoom, d3-zoom, OpenSeadragon, PhotoSwipe) keep the place
// of one picture in its own pixels. Here a view outlives its picture, goes on to ones of other
// sizes and holds in up to four panes, so all that they keep would have to be converted.

const ZOOM_STEP = 1.25;
const LARGEST_PIXEL = 32; // of the screen, for a pixel of the picture
const SQUARES_FROM = 2; // from here on pixels are drawn as squares

/** A view; `changed` is called whenever it was drawn anew. */
function newView(changed) {
  return { how: 'fit', width: 0, x: 0.5, y: 0.5, squares: null, panes: [], changed };
}

/** A part of the page, what moves in it, and a function that gives the picture's pixels. */
function newPane(stage, frames, size) {
  return { stage, frames, size };
}

const screenPixels = () => window.devicePixelRatio || 1;
const clamp = (value, least, most) => Math.max(least, Math.min(most, value));

function fitWidth({ stage, size }) {
  const [wide, high] = size();
  return Math.min(stage.clientWidth, (stage.clientHeight * wide) / high);
}

/** Where a pane's picture lies, in pixels of the page. */
function boxOf(view, pane) {
  const [wide, high] = pane.size();
  const width =
    view.how === 'fit'
      ? fitWidth(pane)
      : view.how === 'actual'
        ? wide / screenPixels()
        : view.width;
  const height = (width * high) / wide;
  return {
    width,
    height,
    left: startOf(view.x, width, pane.stage.clientWidth),
    top: startOf(view.y, height, pane.stage.clientHeight),
  };
}

/** Where a side begins whose `share` is in the middle of the room; a short one lies in the middle. */
function startOf(share, side, room) {
  const begin = side <= room ? (room - side) / 2 : clamp(room / 2 - share * side, room - side, 0);
  return Math.round(begin * screenPixels()) / screenPixels();
}

/** The share that is in the middle, so that no side of a picture leaves the edge of the room. */
function shareInMiddle(share, side, room) {
  return side <= room ? share : clamp(share, room / 2 / side, 1 - room / 2 / side);
}

/** How many pixels of the screen a pixel of the picture takes. */
const zoomOf = (view, pane) =>
  (boxOf(view, pane).width * screenPixels()) / Math.max(1, pane.size()[0]);

const drawsSquares = (view, pane) =>
  view.squares ?? (view.how === 'free' && zoomOf(view, pane) >= SQUARES_FROM);

function showView(view) {
  for (const pane of view.panes) {
    const place = boxOf(view, pane);
    for (const frame of pane.frames) {
      for (const [name, value] of Object.entries(place)) frame.style[name] = `${value}px`;
      frame.classList.toggle('squares', drawsSquares(view, pane));
    }
    pane.stage.classList.toggle('zoomed', view.how !== 'fit');
  }
  view.changed?.();
}

function panBy(view, pane, right, down) {
  const { width, height } = boxOf(view, pane);
  view.x = shareInMiddle(view.x - right / width, width, pane.stage.clientWidth);
  view.y = shareInMiddle(view.y - down / height, height, pane.stage.clientHeight);
  showView(view);
}

/** Draw larger or smaller, about a point of the pane that stays where it is. */
function zoomBy(view, pane, factor, point) {
  const { clientWidth, clientHeight } = pane.stage;
  const { x, y } = point ?? { x: clientWidth / 2, y: clientHeight / 2 };
  const before = boxOf(view, pane);
  const [wide, high] = pane.size();
  const [fit, actual] = [fitWidth(pane), wide / screenPixels()];
  const most = Math.max(LARGEST_PIXEL * actual, 8 * fit);
  const width = clamp(before.width * factor, Math.min(fit, actual) / 2, most);
  if (Math.abs(width / fit - 1) < 0.02) return fitView(view);
  const height = (width * high) / wide;
  const kept = (begin, side, now, at) => (at - ((at - begin) / side) * now) / now;
  view.how = 'free';
  view.width = width;
  view.x = shareInMiddle(
    clientWidth / 2 / width - kept(before.left, before.width, width, x),
    width,
    clientWidth,
  );
  view.y = shareInMiddle(
    clientHeight / 2 / height - kept(before.top, before.height, height, y),
    height,
    clientHeight,
  );
  showView(view);
}

function fitView(view) {
  Object.assign(view, { how: 'fit', x: 0.5, y: 0.5 });
  showView(view);
}

function actualView(view) {
  view.how = 'actual';
  showView(view);
}

function toggleSquares(view) {
  view.squares = !drawsSquares(view, view.panes[0]);
  showView(view);
}

/** Take a key if it is one of a view's: + - 0 1 X, and Shift with an arrow. */
function zoomKey(view, event) {
  const pane = view.panes[0];
  if (!pane || event.altKey || event.ctrlKey || event.metaKey) return false;
  const by = 80;
  const act =
    event.shiftKey &&
    {
      ArrowLeft: () => panBy(view, pane, by, 0),
      ArrowRight: () => panBy(view, pane, -by, 0),
      ArrowUp: () => panBy(view, pane, 0, by),
      ArrowDown: () => panBy(view, pane, 0, -by),
    }[event.key];
  const single = {
    '+': () => zoomBy(view, pane, ZOOM_STEP),
    '=': () => zoomBy(view, pane, ZOOM_STEP),
    '-': () => zoomBy(view, pane, 1 / ZOOM_STEP),
    0: () => fitView(view),
    1: () => actualView(view),
    x: () => toggleSquares(view),
  }[event.key.toLowerCase()];
  if (!act && !single) return false;
  event.preventDefault();
  (act || single)();
  return true;
}
