// The bar that governs the page: the metric, the filter, the theme.

const THEMES = [
  ['', 'system'],
  ['light', 'light'],
  ['dark', 'dark'],
];
const MANY = 24; // values of a key, beyond which a range is easier to choose than a value

function applyTheme() {
  const [value, text] = THEMES.find(([name]) => name === get('theme')) ?? THEMES[0];
  if (value) document.documentElement.dataset.theme = value;
  else delete document.documentElement.dataset.theme;
  byId('theme').textContent = `Theme: ${text}`;
}

function nextTheme() {
  const place = THEMES.findIndex(([name]) => name === get('theme'));
  choose({ theme: THEMES[(place + 1) % THEMES.length][0] });
}

function keyFilter(key) {
  if (key.numbers && key.values.length > MANY) return rangeFilter(key);
  const options = key.values.map((label) => [label, label]);
  const select = choice([['', 'any'], ...options], get(`is.${key.name}`), (value) =>
    choose({ [`is.${key.name}`]: value }),
  );
  select.dataset.filter = key.name;
  return field(key.title, select);
}

function rangeFilter(key) {
  const bound = (name, label) => {
    const input = el('input', {
      type: 'number',
      step: 'any',
      value: get(`${name}.${key.name}`),
      'aria-label': `${short(key.title)}: ${label}`,
      placeholder: label,
    });
    input.addEventListener('input', () => choose({ [`${name}.${key.name}`]: input.value }));
    return input;
  };
  return el(
    'fieldset',
    { class: 'field' },
    el('legend', { text: short(key.title, 40) }),
    el('span', { class: 'range' }, bound('from', 'from'), bound('to', 'to')),
  );
}

function drawFilters() {
  const statuses = [...new Set(runs.map((run) => run.status))];
  const controls = keys.map(keyFilter);
  if (statuses.length > 1) {
    const select = choice(
      [['', 'any'], ...statuses.map((one) => [one, one])],
      get('status'),
      (value) => choose({ status: value }),
    );
    select.dataset.filter = 'status';
    controls.unshift(field('status', select));
  }
  byId('filters').hidden = controls.length === 0;
  byId('filters-box').replaceChildren(...controls);
}

function drawCount() {
  const chosen = [...state.keys()].filter((name) => isFilter(name) && name !== 'q').length;
  byId('filters-count').textContent = chosen ? ` (${chosen})` : '';
  const { unknown } = readQuery(get('q'));
  byId('count').textContent = unknown.length
    ? `No key or metric is called “${short(unknown[0])}”`
    : shown().length < runs.length
      ? `${shown().length} of ${runs.length} runs`
      : '';
  byId('reset').hidden = filterText() === '[]';
}

function resetFilters() {
  for (const name of [...state.keys()]) if (isFilter(name)) state.delete(name);
  choose({});
  syncControls();
  byId('query').focus();
}

/** Bring the controls in line with a state that came from elsewhere. */
function syncControls() {
  byId('query').value = get('q');
  fill(byId('metric'), metricOptions(), metrics.length ? metricName(metric()) : '');
  fill(byId('scale'), metrics.length ? scaleOptions() : [], get('scale'));
  for (const id of ['metric', 'scale']) byId(id).closest('label').hidden = metrics.length === 0;
  drawFilters();
}

function later(act, wait) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };
}

/** Go to a section; those before it may change their height while they come into sight. */
function goTo(name) {
  let frames = 12;
  const scroll = () => {
    byId(name).scrollIntoView({ behavior: 'instant' });
    frames -= 1;
    if (frames > 0) requestAnimationFrame(scroll);
  };
  scroll();
  byId(`${name}-title`).focus({ preventScroll: true });
}

function startControls() {
  byId('theme').addEventListener('click', nextTheme);
  byId('reset').addEventListener('click', resetFilters);
  byId('metric').addEventListener('change', (event) => choose({ metric: event.target.value }));
  byId('scale').addEventListener('change', (event) => choose({ scale: event.target.value }));
  byId('query').addEventListener(
    'input',
    later(() => choose({ q: byId('query').value }), 120),
  );
  document.addEventListener('click', (event) => {
    if (!byId('filters').contains(event.target)) byId('filters').open = false;
  });
  byId('filters').addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    byId('filters').open = false;
    byId('filters').querySelector('summary').focus();
  });
  for (const link of document.querySelectorAll('[data-section]')) {
    link.addEventListener('click', (event) => {
      event.preventDefault(); // the address after the # holds the state
      goTo(link.dataset.section);
    });
  }
  syncControls();
  part(() => [get('theme')], applyTheme);
  part(() => [filterText()], drawCount);
  part(
    () => [get('metric')],
    () => metrics.length && fill(byId('scale'), scaleOptions(), get('scale')),
  );
}

/** The opening: what varies. */
function drawOpening() {
  const names = keys.map((key) => `${short(key.title)} (${key.values.length})`);
  if (names.length)
    byId('question').append(
      ' Varying: ',
      el('bdi', { text: names.slice(0, 12).join(', ') + (names.length > 12 ? ' and more' : '') }),
    );
}
