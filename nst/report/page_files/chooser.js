// The choice of the table's columns, and what is no column since all runs have it alike.

const HEADS = [
  ['run', 'Run'],
  ['settings', 'Settings'],
  ['metrics', 'Metrics'],
  ['losses', 'Losses of the result'],
  ['time', 'Time'],
  ['alike', 'Alike in all runs'],
];

function chooseColumn(column, on) {
  const names = tableColumns
    .filter((one) => (one === column ? on : isShown(one)) !== isUsual(one))
    .map((one) => (isUsual(one) ? '-' : '') + encodeURIComponent(one.id));
  choose({ cols: names.join(',') });
}

function drawChooser() {
  const boxes = HEADS.map(([group, title]) => [
    title,
    tableColumns.filter((column) => column.group === group),
  ]).filter(([, some]) => some.length);
  byId('columns-box').replaceChildren(
    el('button', {
      type: 'button',
      class: 'quiet',
      text: 'As usual',
      hidden: !get('cols'),
      on: { click: () => choose({ cols: '' }) },
    }),
    ...boxes.map(([title, some]) =>
      el('fieldset', {}, el('legend', { text: title }), ...some.map(columnBox)),
    ),
  );
}

function columnBox(column) {
  const box = el('input', { type: 'checkbox', checked: isShown(column), 'data-box': column.id });
  box.addEventListener('change', () => chooseColumn(column, box.checked));
  return el('label', { class: 'check' }, box, said(short(column.title), 'value'));
}

// What is told first of what all runs have alike.
const TOLD = [
  'content',
  'style',
  'network',
  'size',
  'steps',
  'pooling',
  'padding',
  'keep',
  'optimizer',
  'init',
  'seed',
];

// What is told only where it is another value than this.
const USUAL = { padding: 'zeros', keep: 'best' };

/** What all runs have alike, once: the gist in a line, all of it below. */
function drawAlike() {
  const same = [
    ...Object.entries(data.common),
    ...tableColumns
      .filter((one) => one.group !== 'alike' && isAlike(one) && one.on)
      .map((one) => [one.title, one.number ? one.format(one.values[0]) : one.text(0)]),
  ].filter(([, text]) => text !== '–');
  byId('alike').hidden = runs.length < 2 || !same.length;
  const rank = ([name]) => (TOLD.includes(name) ? TOLD.indexOf(name) : TOLD.length);
  const told = ([name, text]) => TOLD.includes(name) && USUAL[name] !== text;
  const first = same.filter((one) => !(one[0] in data.common) || told(one));
  const gist = first
    .toSorted((a, b) => rank(a) - rank(b))
    .map(([name, text]) => `${short(name)} ${short(text, 40)}`);
  const more = same.length - first.length;
  byId('alike-gist').replaceChildren(
    `Alike in all ${runs.length} runs: `,
    el('bdi', { text: gist.join(', ') }),
    more ? `${gist.length ? ' and ' : ''}${more} more` : '',
  );
  byId('alike-all').replaceChildren(
    ...same.map(([name, text]) =>
      el('div', {}, el('dt', {}, said(name, 'value')), el('dd', {}, said(text, 'value'))),
    ),
  );
}

/** A box of choices goes when the reader turns elsewhere. */
function closesByItself(details) {
  document.addEventListener('click', (event) => {
    // A box whose contents were drawn anew by this click no longer holds what was clicked.
    if (event.target.isConnected && !details.contains(event.target)) details.open = false;
  });
  details.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !details.open) return;
    details.open = false;
    details.querySelector('summary').focus();
  });
}
