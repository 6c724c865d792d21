// One run followed through the charts of the losses, by pointer or by keyboard.

let followed = { run: null, step: null };

const svg = (tag, attributes) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
};

/** Bring a run forward in every chart, with what it was at a step; null lets it go. */
function follow(run, step) {
  followed = { run, step };
  for (const one of followable.charts) {
    one.node.querySelector('.follow')?.remove();
    if (run !== null && one.margin && one.runs.includes(run))
      one.node.append(followedLine(one, run, step));
  }
}

/** The line of a run over its chart, with a dot at the step. */
function followedLine(one, run, step) {
  const { margin, node, range, last } = one;
  const [width, height] = [
    node.clientWidth - margin.l - margin.r,
    node.clientHeight - margin.t - margin.b,
  ];
  const x = (place) => ((width * place) / last).toFixed(1);
  const y = (value) =>
    (height * (1 - (one.at(value) - range[0]) / (range[1] - range[0]))).toFixed(1);
  const points = pointsOf(run, one);
  const path = points.map(([place, value], at) => `${at ? 'L' : 'M'}${x(place)} ${y(value)}`);
  const whole = svg('svg', {
    class: 'follow',
    width,
    height,
    'data-run': run,
    'aria-hidden': true,
  });
  whole.style.left = `${margin.l}px`;
  whole.style.top = `${margin.t}px`;
  whole.append(
    svg('rect', { width, height }), // what fades the others is quicker laid over than done to each
    svg('line', { class: 'at', x1: x(step), x2: x(step), y1: 0, y2: height }),
    svg('path', { d: path.join('') }),
  );
  const here = points.find(([place]) => place === step);
  if (here) whole.append(svg('circle', { cx: x(step), cy: y(here[1]), r: 4.5 }));
  return whole;
}

/** Up and down go from run to run, the better first; left and right from check to check. */
function followByKey(event) {
  const ways = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const [by, steps] = ways[event.key] ?? [0, 0];
  const { some } = followable;
  if (event.key === 'Escape') tellFollowed(null);
  if (event.key === 'Enter' && followed.run !== null) {
    event.preventDefault(); // or it would press the button that has the focus next
    openViewer(followed.run, some);
  }
  if ((!by && !steps) || !some.length || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const now = some.indexOf(followed.run);
  const at = now < 0 ? 0 : Math.max(0, Math.min(some.length - 1, now + by));
  const checks = historyOf(some[at])[0];
  const was = checks.indexOf(followed.step);
  const to = was < 0 ? checks.length - 1 : Math.max(0, Math.min(checks.length - 1, was + steps));
  tellFollowed(some[at], checks[to]);
}

function tellFollowed(run, step) {
  follow(run, step);
  byId('losses-told').textContent =
    run === null
      ? ''
      : `Run ${short(runs[run].name)} (${settings(run) || 'the only one'}), ${lossWords(run, step)}`;
}

function startFollowing() {
  const holder = byId('losses-charts');
  holder.addEventListener('keydown', followByKey);
  holder.addEventListener('blur', () => tellFollowed(null));
}
