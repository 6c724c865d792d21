// The two pictures: as large as the window lets them be, zoomed and moved together.

const SIDES = ['left', 'right'];
const MOVED = 6; // pixels from which a press is a drag

const view = newView(sayZoom);
const panes = {};
const pictures = {}; // side -> image element that is shown
let alone = null; // the side that has the whole window
let lay = 'beside';

function startPanes(choose) {
  for (const side of SIDES) {
    const stage = byId(`${side}-pane`);
    const size = () => {
      const image = pictures[side];
      return image ? [image.naturalWidth, image.naturalHeight] : [1, 1];
    };
    panes[side] = newPane(stage, [stage.querySelector('.frame')], size);
    // A double click would be two votes.
    startPane(view, panes[side], { doubles: false });
    startPress(stage, () => (alone ? showAlone(otherSide(alone)) : choose(side)));
  }
  view.panes = SIDES.map((side) => panes[side]);
  new ResizeObserver(layOut).observe(byId('stage'));
}

const otherSide = (side) => SIDES[1 - SIDES.indexOf(side)];

/** A press and release of one pointer in one place, on a picture that is not zoomed, is a choice. */
function startPress(stage, act) {
  const down = new Set();
  let from = null;
  stage.addEventListener('pointerdown', (event) => {
    down.add(event.pointerId);
    from = down.size === 1 && event.button === 0 && view.how === 'fit' ? event : null;
  });
  for (const name of ['pointerup', 'pointercancel'])
    stage.addEventListener(name, (event) => {
      down.delete(event.pointerId);
      const still =
        from && Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) < MOVED;
      const chosen = name === 'pointerup' && still && view.how === 'fit';
      from = null;
      if (chosen) act();
    });
}

/** An image, once it can be drawn at once; fails where there is none. */
async function loaded(name) {
  const image = new Image();
  image.draggable = false;
  image.src = `picture/${name}`;
  await image.decode();
  return image;
}

/** Show two images, never one without the other. */
function showPictures(left, right) {
  Object.assign(pictures, { left, right });
  for (const side of SIDES) {
    const stage = byId(`${side}-pane`);
    pictures[side].alt = side === 'left' ? 'The left picture' : 'The right picture';
    stage.querySelector('.frame').replaceChildren(pictures[side]);
    stage.classList.remove('chosen', 'passed');
  }
  alone = null;
  Object.assign(view, { how: 'fit', x: 0.5, y: 0.5, squares: null });
  layOut();
}

/** Side by side or one above the other: as the pictures are larger. */
function layOut() {
  const stage = byId('stage');
  const area = (columns) => {
    const [wide, high] = [stage.clientWidth / columns, stage.clientHeight / (3 - columns)];
    return SIDES.map((side) => panes[side].size())
      .map(([w, h]) => Math.min(wide / w, high / h))
      .reduce((least, one) => Math.min(least, one), Infinity);
  };
  lay = area(2) >= area(1) ? 'beside' : 'stacked';
  stage.dataset.lay = lay;
  stage.dataset.alone = alone ?? '';
  for (const side of SIDES) byId(`${side}-pane`).hidden = alone === otherSide(side);
  byId('full').setAttribute('aria-pressed', alone !== null);
  for (const side of SIDES)
    document.querySelector(`[data-answer="${side}"] span`).textContent = `${sideName(side)} is better`;
  showView(view);
}

const sideName = (side) =>
  lay === 'beside' || alone
    ? { left: 'Left', right: 'Right' }[side]
    : { left: 'Upper', right: 'Lower' }[side];

/** One picture in the whole window, or both. */
function showAlone(side) {
  alone = side;
  Object.assign(view, { how: 'fit', x: 0.5, y: 0.5 });
  view.panes = side ? [panes[side]] : SIDES.map((one) => panes[one]);
  layOut();
}

const nextAlone = () => showAlone({ null: 'left', left: 'right', right: null }[alone]);

function sayZoom() {
  for (const side of SIDES) {
    const word = byId(`${side}-word`);
    const [wide, high] = panes[side]?.size() ?? [1, 1];
    const percent = panes[side] ? Math.round(100 * zoomOf(view, panes[side])) : 100;
    const told = alone || view.how !== 'fit';
    word.textContent = told && wide > 1 ? `${sideName(side)}: ${wide} × ${high} px, at ${percent} %` : '';
  }
}
