// The grid by keyboard: one picture in the tab order, arrow keys from one to the next.

/** One picture in the tab order; arrow keys move between them. */
function roving() {
  const first = byId('grid').querySelector('.picture');
  if (first) enter(first);
}

function enter(button) {
  for (const old of byId('grid').querySelectorAll('[tabindex="0"]:not(.scroll)')) old.tabIndex = -1;
  for (const one of button.closest('.cell').querySelectorAll('button')) one.tabIndex = 0;
}

function moveInGrid(event) {
  const button = event.target.closest?.('.picture');
  if (!button || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === 'c' || event.key === 'C') return pick(Number(button.dataset.run));
  const all = [...byId('grid').querySelectorAll('.picture')];
  const at = all.indexOf(button);
  const to = {
    ArrowLeft: () => at - 1,
    ArrowRight: () => at + 1,
    Home: () => 0,
    End: () => all.length - 1,
    ArrowUp: () => vertical(all, at, -1),
    ArrowDown: () => vertical(all, at, 1),
  }[event.key]?.();
  if (to === undefined) return;
  event.preventDefault();
  if (all[to]) all[to].focus();
}

/** The picture above or below: the nearest across among those of the next line. */
function vertical(all, at, way) {
  const here = all[at].getBoundingClientRect();
  let best = at;
  let least = Infinity;
  for (let to = at + way; all[to]; to += way) {
    const there = all[to].getBoundingClientRect();
    const away = Math.abs(there.top - here.top);
    if (away < 4) continue;
    const cost = away * 10 + Math.abs(there.left - here.left);
    if (cost < least) [best, least] = [to, cost];
    else if (away * 10 > least) break;
  }
  return best;
}
