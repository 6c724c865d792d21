// What the charts share: colors, axes, a tooltip, and that they are drawn once in sight.

const charts = [];
const CONFIG = { displayModeBar: false, responsive: true, showTips: false, doubleClick: 'reset' };

/** Plotly reads some markup in texts: what comes from a file is shown as it stands. */
function plain(text, length = 30) {
  return short(text, length)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}

/** A custom property of the page's style as a color, in the theme of the moment. */
function color(value) {
  const probe = el('span', { vars: { color: value, display: 'none' } });
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function look() {
  const ink = color('var(--ink)');
  const line = color('var(--line)');
  const axis = {
    gridcolor: line,
    linecolor: color('var(--faint)'),
    zeroline: false,
    showline: true,
    ticks: 'outside',
    tickcolor: color('var(--faint)'),
    automargin: true,
    title: { standoff: 10 },
    exponentformat: 'power',
    fixedrange: matchMedia('(pointer: coarse)').matches,
  };
  return {
    ink,
    paper: color('var(--paper)'),
    faint: color('var(--faint)'),
    axis,
    layout: {
      paper_bgcolor: 'rgba(0,0,0,0)',
      plot_bgcolor: 'rgba(0,0,0,0)',
      font: {
        family: getComputedStyle(document.body).fontFamily,
        size: 12,
        color: color('var(--soft)'),
      },
      margin: { l: 56, r: 12, t: 10, b: 44 },
      showlegend: false,
      hovermode: 'closest',
      hoverdistance: 24,
      dragmode: 'zoom',
    },
  };
}

/** Draw a chart into a node when it is in sight and whenever what `deps` returns has changed. */
function chart(node, deps, draw) {
  const one = { node, deps, draw, drawn: null, inSight: false };
  charts.push(one);
  if (node.matches('[role="img"]:not([aria-label])'))
    node.setAttribute('aria-label', 'a chart that is drawn once in sight');
  inSight.observe(node);
  return one;
}

const inSight = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      const one = charts.find((other) => other.node === target);
      if (one) one.inSight = isIntersecting;
    }
    drawCharts();
  },
  { rootMargin: '400px' },
);

let printing = '';
const theme = () =>
  [matchMedia('(prefers-color-scheme: dark)').matches, get('theme'), printing].join();

/** Run Plotly, which the page carries as text until a chart is due; its hash admits it. */
function startPlotly() {
  document.head.append(el('script', { text: byId('plotly').textContent }));
}

function drawCharts(all = false) {
  for (const one of charts) {
    if (!all && !one.inSight) continue;
    if (!window.Plotly) startPlotly();
    const now = JSON.stringify([theme(), filterText(), get('metric'), get('scale'), ...one.deps()]);
    if (one.drawn === now) continue;
    one.drawn = now;
    hideTip();
    one.draw(one.node);
  }
}

/** Plot, and on hover tell of the run whose number each point carries as customdata. */
function plot(node, traces, layout, hover = {}) {
  // Paper is narrower than the window, and nothing measures it before it is printed on.
  const paper = node.matches('.tall') ? [680, 380] : [330, node.matches('.effect') ? 290 : 220];
  const [width, height] = printing ? paper : [];
  window.Plotly.react(node, traces, { ...layout, width, height, autosize: !printing }, CONFIG);
  if (node.dataset.listens) return;
  node.dataset.listens = 'yes';
  node.on('plotly_hover', ({ points, event }) => {
    const point = points[0];
    if (point.customdata === undefined) return;
    showTip(event, point.customdata, hover.words?.(point));
    hover.enter?.(point);
  });
  node.on('plotly_unhover', () => {
    hideTip();
    hover.leave?.();
  });
  node.on('plotly_click', ({ points }) => {
    if (Number.isInteger(points[0].customdata)) openViewer(points[0].customdata, shown());
  });
}

/** A run beside the pointer: its picture and its settings. */
function showTip(event, run, words) {
  const tip = byId('tip');
  const isRun = Number.isInteger(run);
  tip.replaceChildren(
    ...(isRun
      ? [
          thumbnail(run, ''),
          el('b', {}, 'Run ', said(runs[run].name)),
          el('span', { text: settings(run) }),
        ]
      : [el('b', { text: run })]),
    el('span', { text: words ?? '' }),
  );
  for (const image of tip.querySelectorAll('img[data-src]')) image.src = image.dataset.src;
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left =
    event.clientX + 16 + width > innerWidth ? event.clientX - width - 16 : event.clientX + 16;
  tip.style.left = `${Math.max(8, left)}px`;
  const top = Math.min(event.clientY - height / 2, innerHeight - height - 8);
  tip.style.top = `${Math.max(8, top)}px`;
}

function hideTip() {
  byId('tip').hidden = true;
}

/** Dark ink for paper, whatever the theme, and every chart, seen or not. */
function print(value) {
  printing = value;
  if (printing) document.documentElement.dataset.theme = 'light';
  else applyTheme();
  drawCharts(true);
}

function startCharts() {
  part(
    () => [filterText(), [...state]],
    () => drawCharts(),
  );
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => drawCharts());
  window.addEventListener('beforeprint', () => print('print'));
  window.addEventListener('afterprint', () => print(''));
  window.addEventListener('scroll', hideTip, { passive: true });
}
