// Pictures against each other: under a slider, side by side, or as their difference.

const AMPLIFY = [1, 2, 4, 8, 16];
let compareZoom = () => {};
const compareView = newView(() => {
  compareZoom();
  placeDivider();
});
const splitPane = newPane(byId('stage'), [byId('under-frame'), byId('over-frame')], () =>
  sizeOfSides(sides()),
);

/** A slider for two, side by side for more, until the reader chooses. */
function compareMode() {
  const wanted = get('compare');
  if (['slider', 'side', 'difference'].includes(wanted)) return wanted;
  return sides().length > 2 ? 'side' : 'slider';
}

/** How much brighter a difference is drawn: of two runs it is small, of a photograph large. */
function amplified() {
  const wanted = Number(get('amplify'));
  if (AMPLIFY.includes(wanted)) return wanted;
  return sides().every((side) => runOf(side) !== null) ? 4 : 1;
}

/** The pixels of what is compared: of the first run whose picture has a known size. */
function sizeOfSides(some) {
  const { naturalWidth, naturalHeight } = byId('under');
  const natural = naturalWidth ? [naturalWidth, naturalHeight] : [3, 2];
  return some.map((side) => runs[runOf(side)]?.ratio).find(Boolean) ?? natural;
}

function drawCompare() {
  const now = sides();
  byId('compare').hidden = now.length < 2;
  if (byId('compare').hidden) return;
  drawSides();
  const mode = compareMode();
  for (const button of byId('modes').children)
    button.setAttribute('aria-pressed', button.dataset.mode === mode);
  byId('amplify-field').hidden = mode !== 'difference';
  byId('amplify').value = String(amplified());
  byId('stage').hidden = mode !== 'slider';
  byId('panes').hidden = mode === 'slider';
  if (mode === 'slider') drawSlider(now);
  else drawPanes(now, mode);
  byId('compare-caption').textContent = captionOf(now, mode);
  fitStages();
  drawDifferences(now);
  drawPicked();
  markPicked();
}

function captionOf(now, mode) {
  const words = [];
  if (mode === 'slider' && now.length > 2) words.push('The slider shows the first two.');
  if (mode === 'difference') {
    words.push(
      `The absolute difference to ${sideName(now[0])}, of each color by itself` +
        `${amplified() > 1 ? `, ${amplified()} times as bright` : ''}: black is the same.`,
    );
    const ratios = now.map((side) => runs[runOf(side)]?.ratio).filter(Boolean);
    if (new Set(ratios.map(String)).size > 1)
      words.push('The pictures differ in size and are stretched to that of the first.');
  }
  words.push('+ and −, two fingers, or Ctrl and the wheel zoom; dragging moves a zoomed picture.');
  return words.join(' ');
}

function drawSlider([left, right]) {
  showSide(byId('over'), left);
  showSide(byId('under'), right);
  byId('name-left').replaceChildren(said(sideName(left)));
  byId('name-right').replaceChildren(said(sideName(right)));
  compareView.panes = [splitPane];
}

/** A pane for each side, or for the difference of each other side to the first. */
function drawPanes(now, mode) {
  const group = byId('panes');
  const made = (mode === 'side' ? now : now.slice(1)).map((side) =>
    paneOf(mode === 'side' ? [side] : [now[0], side], now),
  );
  group.setAttribute('aria-label', mode === 'side' ? 'Pictures side by side' : 'Differences');
  group.replaceChildren(...made.map(({ figure }) => figure));
  compareView.panes = made.map(({ pane }) => pane);
}

/** A picture, or two of which the upper is drawn as the difference to the lower. */
function paneOf(some, all) {
  const note = el('span', { class: 'pane-note' });
  const missing = () => (note.textContent = ' (thumbnail: its file is missing)');
  const images = some.map((side, at) => {
    const image = el('img', { draggable: 'false', class: at ? 'minus' : null });
    showSide(image, side, missing);
    return image;
  });
  const frame = el('div', { class: 'frame' }, ...images);
  if (some.length > 1) frame.style.filter = `brightness(${amplified()})`;
  const stage = el('div', { class: 'stage zoomable' }, frame);
  const size = () => runs[runOf(some.at(-1))]?.ratio ?? sizeOfSides(all);
  const pane = newPane(stage, [frame], some.length > 1 ? () => sizeOfSides(all) : size);
  startPane(compareView, pane, { wheels: (event) => event.ctrlKey });
  const names = some.toReversed().map(sideName).join(' against ');
  const words = some.length > 1 ? '' : paneWords(some[0], all);
  const caption = el('figcaption', {}, el('b', {}, said(names)), words && ` ${words}`, note);
  return { pane, figure: el('figure', { class: 'pane' }, stage, caption) };
}

/** What sets a run apart from the others that are compared. */
function paneWords(side, all) {
  const run = runOf(side);
  if (run === null) return short(photographOf(side)[1].title, 60);
  const others = all.map(runOf).filter((one) => one !== null);
  return keys
    .filter((key) => others.some((one) => key.of[one] !== key.of[run]))
    .map((key) => `${short(key.title, 24)} ${short(labelOf(run, key), 24)}`)
    .join(', ');
}

/** Make the pictures as large as the window shows at once, in as many columns as serve them best. */
function fitStages() {
  const [section, stages] = [byId('compare'), byId('stages')];
  const count = Math.max(1, byId('panes').hidden ? 1 : byId('panes').children.length);
  const above = stages.getBoundingClientRect().top - section.getBoundingClientRect().top;
  const bar = Number.parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
  const below = byId('compare-caption').offsetHeight + 12;
  const [room, high] = [
    byId('compare-body').clientWidth,
    Math.max(180, innerHeight - bar - above - below),
  ];
  const [wide, tall] = sizeOfSides(sides());
  const widthAt = (columns) => {
    const rows = Math.ceil(count / columns);
    const words = byId('panes').hidden ? 0 : 44;
    const one = (high - 8 * (rows - 1)) / rows - words;
    return Math.floor(Math.min((room - 12 * (columns - 1)) / columns, (one * wide) / tall));
  };
  let columns = 1;
  for (let more = 2; more <= count; more += 1) if (widthAt(more) > widthAt(columns)) columns = more;
  stages.style.setProperty('--columns', columns);
  const width = Math.max(80, widthAt(columns));
  const used = columns * width + 12 * (columns - 1);
  stages.style.setProperty('--width', `${width}px`);
  stages.style.setProperty('--used', `${used}px`);
  byId('compare-body').classList.toggle('beside', room - used > 340);
  stages.style.setProperty('--ratio', wide / tall);
  showView(compareView);
}

/** The divider is at a share of the stage, whatever the zoom. */
function placeDivider() {
  const value = Number(byId('split').value);
  byId('stage').style.setProperty('--split', `${value}%`);
  byId('half').style.clipPath = `inset(0 ${100 - value}% 0 0)`;
  const [left, right] = sides();
  if (!right) return;
  byId('split').setAttribute(
    'aria-valuetext',
    `${value} percent of ${sideName(left)}, the rest ${sideName(right)}`,
  );
}

/** A drag moves the divider of a whole picture; of a zoomed one, only if it begins at the divider. */
function pressDivider(event) {
  const box = byId('stage').getBoundingClientRect();
  const at = box.left + (box.width * Number(byId('split').value)) / 100;
  if (compareView.how !== 'fit' && Math.abs(event.clientX - at) > 24) return null;
  byId('split').focus({ preventScroll: true, focusVisible: false });
  return (move) => {
    byId('split').value = String(clamp((100 * (move.clientX - box.left)) / box.width, 0, 100));
    placeDivider();
  };
}

function startCompare() {
  startSides();
  compareZoom = zoomButtons(byId('compare-zoom'), compareView);
  startPane(compareView, splitPane, { wheels: (event) => event.ctrlKey, press: pressDivider });
  fill(
    byId('amplify'),
    AMPLIFY.map((times) => [String(times), `×${times}`]),
    '1',
  );
  byId('amplify').addEventListener('change', (event) => choose({ amplify: event.target.value }));
  for (const button of byId('modes').children)
    button.addEventListener('click', () => choose({ compare: button.dataset.mode }));
  byId('split').addEventListener('input', placeDivider);
  byId('under').addEventListener('load', () => fitStages());
  byId('stages').addEventListener('keydown', (event) => zoomKey(compareView, event));
  window.addEventListener('resize', later(fitStages, 100));
  const chosen = () => [...SIDES, 'metric', 'compare', 'amplify'].map(get);
  part(chosen, drawCompare);
}
