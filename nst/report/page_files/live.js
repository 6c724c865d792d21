// A sweep that is watched while it runs: how far its runs are, and the page as it was after news.

const POLL = 2000; // milliseconds between questions for news
const QUIET = 1500; // without a key or a click, before the page loads itself anew
const KEPT = 'nst.kept';

/** "running, step 40 of 200, 12 s left"; nothing of a run that has finished. */
function statusWords(run) {
  const { status, progress } = runs[run];
  if (status === 'finished') return '';
  if (!progress) return status;
  const left = progress.left === null ? '' : `, ${duration(progress.left)} left`;
  return `${status}, step ${progress.step} of ${progress.steps}${left}`;
}

function duration(seconds) {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** How far the whole sweep is, in words. */
function sweepWords() {
  const count = (status) => runs.filter((run) => run.status === status).length;
  const going = count('running');
  const total = runs.length + data.waiting;
  const parts = [
    going || data.waiting
      ? `${runs.length - going} of ${total} ended`
      : `all ${total} ended`,
    going && `${going} running`,
    data.waiting && `${data.waiting} not begun`,
    count('failed') && `${count('failed')} failed`,
    count('interrupted') && `${count('interrupted')} interrupted`,
  ];
  return parts.filter(Boolean).join(', ');
}

/** What the address doesn't hold: where the reader is on the page, and what is open. */
function keepPlace() {
  const open = byId('viewer').open;
  const place = {
    page: location.pathname,
    scroll: window.scrollY,
    focus: wayBackTo(document.activeElement),
    details: [...document.querySelectorAll('details[id][open]')].map((one) => one.id),
    viewed: open ? runs[viewedRun()].name : null,
    order: open ? viewed.order.map((run) => runs[run].name) : [],
    step: wantedStep,
    split: byId('split').value,
    views: [viewerView, compareView].map(({ how, width, x, y }) => ({ how, width, x, y })),
  };
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(place));
  } catch {
    // A browser that keeps nothing begins at the top.
  }
}

/** How to find an element again: runs by their names, since their numbers may have changed. */
function wayBackTo(element) {
  if (!element || element === document.body) return null;
  if (element.id) return { selector: `#${CSS.escape(element.id)}` };
  const { run } = element.dataset;
  if (run !== undefined && runs[run])
    return { selector: `.${CSS.escape(element.classList[0] ?? '')}`, run: runs[run].name };
  for (const name of ['control', 'column', 'filter', 'section'])
    if (element.dataset[name])
      return { selector: `[data-${name}="${CSS.escape(element.dataset[name])}"]` };
  return null;
}

function refound({ selector, run }) {
  const number = run === undefined ? -1 : runs.findIndex((one) => one.name === run);
  if (run !== undefined && number < 0) return null;
  const one = document.querySelector(run === undefined ? selector : `${selector}[data-run="${number}"]`);
  return one?.matches('button, a, input, select, summary, [tabindex]') ? one : one?.querySelector('button, input, select');
}

/** Put the reader back where a page before this one left off. */
function takePlace() {
  let place = null;
  try {
    place = JSON.parse(sessionStorage.getItem(KEPT));
    sessionStorage.removeItem(KEPT);
  } catch {
    // Nothing was kept.
  }
  if (place?.page !== location.pathname) return;
  for (const id of place.details) if (byId(id)) byId(id).open = true;
  history.scrollRestoration = 'manual';
  window.scrollTo({ top: place.scroll, behavior: 'instant' });
  const numbers = new Map(runs.map((run, number) => [run.name, number]));
  wantedStep = place.step;
  byId('split').value = place.split;
  [viewerView, compareView].forEach((view, at) => {
    Object.assign(view, place.views[at]);
    showView(view);
  });
  if (numbers.has(place.viewed)) {
    const order = place.order.filter((name) => numbers.has(name)).map((name) => numbers.get(name));
    openViewer(numbers.get(place.viewed), order);
  }
  if (place.focus) refound(place.focus)?.focus({ preventScroll: true });
}

/** Wait until the reader's hands are still, so that nothing is taken from under them. */
function quiet() {
  return new Promise((resolve) => {
    let timer = setTimeout(done, QUIET);
    const again = () => {
      clearTimeout(timer);
      timer = setTimeout(done, QUIET);
    };
    const kinds = ['keydown', 'pointerdown', 'pointermove', 'wheel', 'touchmove'];
    for (const kind of kinds) window.addEventListener(kind, again, { passive: true });
    function done() {
      for (const kind of kinds) window.removeEventListener(kind, again);
      resolve();
    }
  });
}

/** While the report is served, its version is a file beside it; opened from disk there is none. */
async function startLive() {
  if (!location.protocol.startsWith('http')) return;
  takePlace();
  const shown = el('p', { class: 'live screen-only', role: 'status' });
  let first = null;
  for (;;) {
    try {
      const answer = await fetch('version.txt', { cache: 'no-store' });
      if (!answer.ok) return;
      const now = await answer.text();
      first ??= now;
      if (!shown.isConnected) document.body.append(shown);
      shown.textContent = `Live: ${sweepWords()}`;
      if (now !== first) {
        await quiet();
        keepPlace();
        location.reload();
        return;
      }
    } catch {
      // The server may come back.
      if (shown.isConnected) shown.textContent = `No longer live: ${sweepWords()} when it was`;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}
