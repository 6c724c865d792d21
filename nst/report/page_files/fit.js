// The size at which all panels of the grid lie in the window at once, side by side where there is room.

const LEAST = 36; // pixels across a picture, below which nothing can be seen
const LEAST_NARROW = 76; // on a phone, which scrolls
const COMPACT = 84; // below which a picture has no room for what stands under it
const SMALL = 124; // below which only the number stands there, the rest when one goes to it
const LARGEST = 320;
const SHARE = 0.55; // of the window's height that a grid may count on, however high what is above it

let fittedFor = ''; // for which panels and window the size is

/** Size the pictures for the window, unless the reader has chosen a size. */
function fitGrid() {
  const grid = byId('grid');
  const panels = [...grid.querySelectorAll('.panel')];
  const lines = panels.map((panel) => [panel.querySelectorAll('tr').length, gridWidth(panel)]);
  const now = JSON.stringify([lines, innerWidth, innerHeight, get('size'), axes().map((key) => key?.name)]);
  if (now === fittedFor) return; // measuring lays the page out, which takes longer than all else
  fittedFor = now;
  const chosen = Number(get('size'));
  grid.classList.remove('is-compact', 'is-small');
  if (chosen) grid.style.setProperty('--size', `${chosen}px`);
  else grid.style.removeProperty('--size');
  if (!panels.length) return;
  const measure = (compact) => {
    grid.classList.toggle('is-compact', compact);
    return chosen || fitting(grid, panels);
  };
  // Compact first: the lines below many small pictures take longest to lay out.
  const roomy = innerWidth >= 600;
  let size = measure(roomy);
  if (roomy && size >= COMPACT) {
    const whole = measure(false);
    if (whole >= COMPACT) size = whole;
    else grid.classList.add('is-compact');
  }
  grid.classList.toggle('is-small', size < SMALL);
  grid.style.setProperty('--fit', `${size}px`);
  byId('axes').querySelector('[data-control="Size"]').value = size;
}

/** How many pictures lie side by side in a panel. */
const gridWidth = (panel) => panel.querySelector('tbody tr').querySelectorAll('td').length;

/** The largest width of a picture at which the panels fit, in whichever number of columns. */
function fitting(grid, panels) {
  const probe = 100;
  grid.style.setProperty('--fit', `${probe}px`);
  const [wide, high] = room(grid);
  const gap = parseFloat(getComputedStyle(panels[0].parentElement).columnGap);
  // What of a panel does not grow with its pictures.
  const sizes = panels.map((panel) => {
    const lines = [...panel.querySelectorAll('tbody tr')];
    const across = gridWidth(panel);
    const down = lines.reduce((sum, line) => sum + tallest(line), 0);
    const { offsetWidth, offsetHeight } = panel.querySelector('table'); // the panel itself scrolls
    const edges = panel.offsetHeight - panel.clientHeight + 2 * parseFloat(getComputedStyle(panel).padding);
    return {
      across,
      down,
      x: offsetWidth + edges - across * probe,
      y: offsetHeight + edges - down * probe,
    };
  });
  const most = (name) => Math.max(...sizes.map((one) => one[name]));
  let best = 0;
  for (let beside = 1; beside <= panels.length; beside++) {
    const below = Math.ceil(panels.length / beside);
    const byWidth = ((wide - (beside - 1) * gap) / beside - most('x')) / most('across');
    const byHeight = ((high - (below - 1) * gap) / below - most('y')) / most('down');
    best = Math.max(best, innerWidth < 600 ? byWidth : Math.min(byWidth, byHeight));
  }
  const least = innerWidth < 600 ? LEAST_NARROW : LEAST;
  return Math.floor(Math.max(least, Math.min(LARGEST, best)));
}

/** The width and the height there are for the grid. */
function room(grid) {
  const above = grid.getBoundingClientRect().top + scrollY;
  return [grid.clientWidth, Math.max(innerHeight - above, SHARE * innerHeight) - 8];
}

/** The height of a row's tallest picture in parts of its width. */
function tallest(line) {
  const heights = [...line.querySelectorAll('.cell')].map((one) => {
    const { ratio } = runs[one.dataset.run];
    return ratio ? ratio[1] / ratio[0] : 0.75;
  });
  return Math.max(0.1, ...heights);
}
