// One picture as large as the window, with all that is known of its run.

// What serves the page of a running sweep lists no folders.
const foldersOpen = location.protocol === 'file:';

let viewed = { order: [], at: 0 };
let viewerZoom = () => {}; // brings the buttons in line
const viewerView = newView(() => viewerZoom());
const viewerPane = newPane(byId('viewer-stage'), [byId('viewer-frame')], () => sizeOf(viewedRun()));

const viewedRun = () => viewed.order[viewed.at];

/** A run's picture in pixels, as far as is known. */
function sizeOf(run) {
  const { naturalWidth, naturalHeight } = byId('viewer-image');
  return runs[run]?.ratio ?? (naturalWidth ? [naturalWidth, naturalHeight] : [3, 2]);
}

function openViewer(run, order) {
  viewRun(run, order);
  choose({ open: runs[run].name });
}

function viewRun(run, order) {
  const list = order.includes(run) ? [...order] : [run];
  viewed = { order: list, at: list.indexOf(run) };
}

// Browsers refuse an address that changes as fast as a key repeats.
const keepSoon = later(keepState, 150);

function turn(by) {
  const count = viewed.order.length;
  if (count < 2) return;
  viewed.at = (viewed.at + by + count) % count;
  state.set('open', runs[viewedRun()].name);
  render();
  keepSoon();
}

/** To the picture above or below in the grid. */
function turnInGrid(way) {
  const all = [...byId('grid').querySelectorAll('.picture')];
  const at = all.findIndex((one) => Number(one.dataset.run) === viewedRun());
  const to = at < 0 ? at : vertical(all, at, way);
  if (to === at) return;
  const run = Number(all[to].dataset.run);
  openViewer(run, viewed.order.includes(run) ? viewed.order : gridOrder);
}

/** Open, redraw or close, as the address says. */
function syncViewer() {
  const dialog = byId('viewer');
  const run = get('open') ? runs.findIndex((one) => one.name === get('open')) : -1;
  if (run < 0) return dialog.close();
  if (run !== viewedRun()) viewRun(run, gridOrder.includes(run) ? gridOrder : shown());
  drawViewer();
  if (dialog.open) return;
  dialog.showModal();
  dialog.focus({ focusVisible: false });
  byId('viewer-side').scrollTop = 0;
  showView(viewerView);
}

/** Show the full picture; the thumbnail where that is not to be had. */
function showFull(image, run, alt, { src = runs[run].picture, missing = () => {} } = {}) {
  const { thumbnail: small } = runs[run];
  image.onerror = () => {
    image.onerror = null;
    missing();
    if (small) image.src = small;
    else image.removeAttribute('src');
  };
  image.alt = alt;
  if (src || small) image.src = src ?? small;
  else image.removeAttribute('src');
}

function drawViewer() {
  const run = viewedRun();
  const { name, status } = runs[run];
  showView(viewerView); // at first, while the window's layout is known
  byId('viewer-title').replaceChildren('Run ', said(name));
  byId('viewer-place').textContent =
    `${viewed.at + 1} of ${viewed.order.length}${status === 'finished' ? '' : ` · ${statusWords(run)}`}`;
  drawPlace();
  showMeanwhile(run);
  if (holding !== null) {
    const kept = holding;
    release();
    hold(kept);
  }
  drawHolds();
  drawWords(run);
  const single = viewed.order.length < 2;
  byId('viewer-previous').disabled = byId('viewer-next').disabled = single;
  drawReference();
  byId('viewer-facts').replaceChildren(...facts(run));
  byId('viewer-links').replaceChildren(...linksOf(run));
  markPicked();
  for (const by of [1, -1]) {
    const next = viewed.order.at((viewed.at + by) % viewed.order.length);
    if (runs[next].picture) new Image().src = runs[next].picture;
  }
}

/** Until another run's picture is there, its thumbnail shows: never the last picture by a new name. */
function showMeanwhile(run) {
  const { thumbnail: small } = runs[run];
  byId('viewer-frame').style.backgroundImage = small ? `url("${small}")` : 'none';
  byId('viewer-image').classList.toggle('loading', !byId('viewer-image').complete);
}

function drawWords(run) {
  const { error, fallbacks, sameAs, reusedFrom } = runs[run];
  byId('viewer-error').hidden = !error;
  byId('viewer-error').textContent = short(error ?? '', 2000);
  const known = [
    fallbacks && `${fallbacks}.`,
    sameAs && `The same as run ${short(sameAs, 80)}, by its hash.`,
    reusedFrom && `Taken from ${short(reusedFrom, 160)}.`,
  ];
  byId('viewer-note').hidden = !known.some(Boolean);
  byId('viewer-note').textContent = known.filter(Boolean).join(' ');
}

function linksOf(run) {
  const { picture, animation, folder } = runs[run];
  return [
    [picture, 'The picture’s file'],
    [animation, 'How it came about'],
    [foldersOpen && folder, 'The run’s folder'],
  ]
    .filter(([href]) => href)
    .map(([href, text]) => el('a', { href, text }));
}

function toggleHelp(open = byId('viewer-help').hidden) {
  byId('viewer-help').hidden = !open;
  byId('viewer-keys').setAttribute('aria-expanded', open);
}

/** What a key does in the viewer, or null. */
function viewerAct(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return null;
  return {
    ArrowLeft: () => turn(-1),
    ArrowRight: () => turn(1),
    ArrowUp: () => turnInGrid(-1),
    ArrowDown: () => turnInGrid(1),
    ',': () => stepBy(-1),
    '.': () => stepBy(1),
    '?': () => toggleHelp(),
    c: () => pick(viewedRun()),
    b: () => setReference(viewedRun()),
  }[event.key.length > 1 ? event.key : event.key.toLowerCase()];
}

function viewerKey(event) {
  // A slider and a select have their own use for the arrows, and a select for letters.
  const own = event.target.closest('select, input');
  if (own && (own.matches('select') || /^(Arrow|Home|End|Page)/.test(event.key))) return;
  if (holdKey(event) || zoomKey(viewerView, event)) return;
  const act = viewerAct(event);
  if (!act) return;
  event.preventDefault();
  act();
}

/** Give the focus to the picture that was seen last, if one of the grid had opened the viewer. */
function closedViewer() {
  release();
  wantedStep = null;
  toggleHelp(false);
  const run = viewedRun();
  choose({ open: '' });
  if (!document.activeElement.closest?.('#grid')) return;
  byId('grid').querySelector(`.picture[data-run="${run}"]`)?.focus();
}

function startViewer() {
  for (const link of foldersOpen ? [] : document.querySelectorAll('.reasons a')) {
    link.replaceWith(...link.childNodes);
  }
  const dialog = byId('viewer');
  viewerView.panes = [viewerPane];
  viewerZoom = zoomButtons(byId('viewer-zoom'), viewerView);
  startPane(viewerView, viewerPane);
  startWiping(viewerView, byId('viewer-stage'), turn);
  byId('viewer-image').addEventListener('load', () => {
    byId('viewer-image').classList.remove('loading');
    showView(viewerView);
  });
  byId('viewer-close').addEventListener('click', () => dialog.close());
  byId('viewer-previous').addEventListener('click', () => turn(-1));
  byId('viewer-next').addEventListener('click', () => turn(1));
  byId('viewer-compare').addEventListener('click', () => pick(viewedRun()));
  byId('viewer-keys').addEventListener('click', () => toggleHelp());
  byId('viewer-to-compare').addEventListener('click', () => {
    dialog.close();
    goTo('compare');
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener('cancel', (event) => {
    if (byId('viewer-help').hidden) return;
    event.preventDefault();
    toggleHelp(false);
  });
  dialog.addEventListener('keydown', viewerKey);
  dialog.addEventListener('close', closedViewer);
  startHolds();
  startSteps();
  startReference();
  part(() => [get('open'), get('reference'), get('metric')], syncViewer);
}
