// A view by mouse, pen and fingers: dragging moves it, the wheel and two fingers zoom.

/**
 * Let pointers move a pane's view. `wheels` says whether a wheel's turn is the pane's and not the
 * page's; `press` may take a drag by returning what to call while it lasts; `doubles` lets a double
 * click zoom.
 */
function startPane(
  view,
  pane,
  { wheels = () => true, press = () => null, doubles = true } = {},
) {
  const { stage } = pane;
  const down = new Map();
  let taken = null;
  const pointOf = (event) => {
    const { left, top } = stage.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  stage.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || event.target.closest('button')) return;
    down.set(event.pointerId, pointOf(event));
    stage.setPointerCapture(event.pointerId);
    taken = down.size === 1 ? press(event) : null;
    taken?.(event);
  });
  stage.addEventListener('pointermove', (event) => {
    if (!down.has(event.pointerId)) return;
    if (taken) return taken(event);
    const before = gathered(down);
    down.set(event.pointerId, pointOf(event));
    const after = gathered(down);
    if (before.spread > 0) zoomBy(view, pane, after.spread / before.spread, before);
    panBy(view, pane, after.x - before.x, after.y - before.y);
  });
  for (const name of ['pointerup', 'pointercancel'])
    stage.addEventListener(name, (event) => {
      down.delete(event.pointerId);
      taken = null;
    });
  stage.addEventListener(
    'wheel',
    (event) => {
      if (!wheels(event)) return;
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      zoomBy(view, pane, Math.exp(-event.deltaY * lines * 0.002), pointOf(event));
    },
    { passive: false },
  );
  stage.addEventListener('dblclick', (event) => {
    if (!doubles) return;
    if (event.target.closest('button')) return;
    if (view.how !== 'fit') return fitView(view);
    const closer = Math.max(2.5, pane.size()[0] / screenPixels() / fitWidth(pane));
    zoomBy(view, pane, closer, pointOf(event));
  });
  new ResizeObserver(() => view.panes.includes(pane) && showView(view)).observe(stage);
}

/** The middle of the pointers that are down, and how far they are from it. */
function gathered(down) {
  const points = [...down.values()];
  const mean = (name) => points.reduce((sum, one) => sum + one[name], 0) / points.length;
  const [x, y] = [mean('x'), mean('y')];
  const away = points.map((one) => Math.hypot(one.x - x, one.y - y));
  return { x, y, spread: away.reduce((sum, one) => sum + one, 0) };
}

/** The buttons of a view; returns a function that brings them in line with it. */
function zoomButtons(holder, view) {
  const button = (text, title, act, label = null) =>
    el('button', {
      type: 'button',
      class: 'quiet',
      title,
      'aria-label': label,
      text,
      on: { click: act },
    });
  const by = (factor) => () => zoomBy(view, view.panes[0], factor);
  const fit = button('Fit', 'The whole picture (0)', () => fitView(view));
  const actual = button('1:1', 'A pixel of the picture for one of the screen (1)', () =>
    actualView(view),
  );
  const squares = button('Pixels', 'Draw pixels as squares, or smooth (X)', () =>
    toggleSquares(view),
  );
  const percent = el('output', { class: 'zoom-percent' });
  holder.replaceChildren(
    fit,
    actual,
    button('−', 'Smaller (−)', by(1 / ZOOM_STEP), 'Smaller'),
    percent,
    button('+', 'Larger (+)', by(ZOOM_STEP), 'Larger'),
    squares,
  );
  return () => {
    const [pane] = view.panes;
    if (!pane) return;
    fit.setAttribute('aria-pressed', view.how === 'fit');
    actual.setAttribute('aria-pressed', view.how === 'actual');
    squares.setAttribute('aria-pressed', drawsSquares(view, pane));
    percent.textContent = `${Math.round(100 * zoomOf(view, pane))} %`;
  };
}

/** A finger that wipes across a whole picture goes on to the next. */
function startWiping(view, stage, act) {
  let from = null;
  stage.addEventListener('pointerdown', (event) => {
    const alone = event.isPrimary && event.pointerType === 'touch' && view.how === 'fit';
    from = alone ? event : null;
  });
  stage.addEventListener('pointerup', (event) => {
    const [right, down] = from
      ? [event.clientX - from.clientX, event.clientY - from.clientY]
      : [0, 0];
    if (event.isPrimary && view.how === 'fit' && Math.abs(right) > 50 + Math.abs(down))
      act(right < 0 ? 1 : -1);
    from = null;
  });
}
