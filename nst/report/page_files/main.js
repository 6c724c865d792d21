// The start.

function start() {
  readState();
  drawOpening();
  drawAdvice();
  startControls();
  startFound();
  startVotes();
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
  startLive();
}

start();
