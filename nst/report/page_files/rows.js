// Rows of one height in a box that scrolls: only those in sight and some beyond are in the page.

const BEYOND = 12; // rows above and below the sight
const WHOLE = 60; // so few are all in the page, where the browser's own search finds them

const gapRow = () => el('tr', { class: 'gap', 'aria-hidden': 'true' }, el('td', {}));

/** Keep the body of a table filled: `make` gives the row of an item that has an `id`. */
function windowed(box, body, make, afterMaking) {
  const nodes = new Map();
  const [above, below] = [gapRow(), gapRow()];
  const list = { items: [], height: 45, current: null };
  let due = 0;

  function range() {
    const { items, height } = list;
    if (items.length <= WHOLE) return [0, items.length];
    const first = Math.min(Math.floor(box.scrollTop / height), items.length - 1) - BEYOND;
    const count = Math.ceil((box.clientHeight || 900) / height) + 2 * BEYOND;
    return [Math.max(0, first), Math.min(items.length, first + count)];
  }

  /** A row that leaves the page takes no focus with it. */
  function drop(id) {
    const node = nodes.get(id);
    if (node.contains(document.activeElement)) box.focus({ preventScroll: true });
    node.remove();
    nodes.delete(id);
  }

  function fit(gap, height, before) {
    if (height <= 0) return gap.remove();
    gap.firstChild.style.height = `${height}px`;
    if (!gap.isConnected) body.insertBefore(gap, before);
  }

  function draw() {
    due = 0;
    // Asked for now: while rows are exchanged the box is shorter, and would forget how far it was.
    const top = Math.ceil(box.scrollTop / list.height);
    const [first, last] = range();
    const near = list.items.slice(first, last);
    const ids = new Set(near.map((item) => item.id));
    for (const id of [...nodes.keys()]) if (!ids.has(id)) drop(id);
    if (!ids.has(list.current)) {
      list.current = (list.items[Math.min(Math.max(top, first), last - 1)] ?? near[0])?.id ?? null;
    }
    const made = near.filter((item) => !nodes.has(item.id));
    for (const item of made) nodes.set(item.id, make(item));
    let next = above.isConnected ? above.nextSibling : body.firstChild;
    near.forEach((item, place) => {
      const node = nodes.get(item.id);
      node.setAttribute('aria-rowindex', first + place + 2);
      if (node === next) next = next.nextSibling;
      else body.insertBefore(node, next);
    });
    fit(above, first * list.height, body.firstChild);
    fit(below, (list.items.length - last) * list.height, null);
    mark();
    if (made.length) afterMaking();
    const height = nodes.get(near.at(-1)?.id)?.getBoundingClientRect().height;
    if (!height || Math.abs(height - list.height) < 0.01) return;
    list.height = height;
    draw();
  }

  /** One row in the tab order. */
  function mark() {
    for (const [id, node] of nodes)
      for (const button of node.querySelectorAll('button'))
        button.tabIndex = id === list.current ? 0 : -1;
  }

  /** Show other items; who had the focus keeps it. */
  function show(items, stay = false) {
    const held = [...nodes].find(([, node]) => node.contains(document.activeElement));
    const control = document.activeElement?.classList[0];
    for (const node of nodes.values()) node.remove();
    nodes.clear();
    list.items = items;
    if (!stay) box.scrollTop = 0;
    draw();
    if (held)
      (nodes.get(held[0])?.querySelector(`.${control}`) ?? box).focus({ preventScroll: true });
  }

  function go(place) {
    const to = Math.max(0, Math.min(list.items.length - 1, place));
    const head = box.querySelector('thead').offsetHeight;
    const top = to * list.height;
    if (top < box.scrollTop) box.scrollTop = top;
    const end = top + list.height + head - box.clientHeight + 2;
    if (end > box.scrollTop) box.scrollTop = end;
    list.current = list.items[to].id;
    draw();
    nodes.get(list.current).querySelector('.row-open').focus();
  }

  function move(event) {
    const row = event.target.closest?.('tr');
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = list.items.findIndex((item) => nodes.get(item.id) === row);
    const page = Math.max(1, Math.floor(box.clientHeight / list.height) - 2);
    const to = {
      ArrowUp: at - 1,
      ArrowDown: at + 1,
      PageUp: at - page,
      PageDown: at + page,
      Home: 0,
      End: list.items.length - 1,
    }[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    go(to);
  }

  body.addEventListener('keydown', move);
  body.addEventListener('focusin', (event) => {
    const row = event.target.closest('tr');
    list.current = [...nodes].find(([, node]) => node === row)?.[0] ?? list.current;
    mark();
  });
  box.addEventListener('scroll', () => (due ||= requestAnimationFrame(draw)), { passive: true });
  new ResizeObserver(() => (due ||= requestAnimationFrame(draw))).observe(box);
  return show;
}
