// The start, and the reload when a watched sweep has moved on.

const POLL = 5000;

/** While the report is served, its version is a file beside it; opened from disk there is none. */
async function watchVersion() {
  if (!location.protocol.startsWith('http')) return;
  let first = null;
  for (;;) {
    try {
      const answer = await fetch('version.txt', { cache: 'no-store' });
      if (!answer.ok) return;
      const now = await answer.text();
      first ??= now;
      if (now !== first) return location.reload();
    } catch {
      // The server may come back.
    }
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}

function start() {
  readState();
  drawOpening();
  drawAdvice();
  startControls();
  startFound();
  startGrid();
  startTable();
  startViewer();
  startCompare();
  startTradeoff();
  startEffects();
  startCurves();
  startCharts();
  render();
  performance.mark('ready');
  document.documentElement.dataset.ready = 'yes';
  window.addEventListener('hashchange', () => {
    readState();
    syncControls();
    render();
  });
  watchVersion();
}

start();
