// Which keys become rows, columns and panels, and how the reader changes it.

const AXIS = 30; // values of a key, beyond which it makes no axis
const PANELS = 8; // side by side without being asked
const SPARSE = 0.34; // of a grid's cells filled, below which a gallery shows more

/** The share of cells of a grid that hold a run. */
function filled(rows, columns) {
  const cells = new Set(everyRun.map((run) => `${rows.of[run]},${columns.of[run]}`));
  return cells.size / (rows.values.length * columns.values.length);
}

function compareMerit(one, two) {
  const place = one.findIndex((value, at) => value !== two[at]);
  return place < 0 ? 0 : one[place] - two[place];
}

/** As on the contact sheet: what its writer asked for, or what suits the runs. */
const usualKeys = [keyNamed(data.layout.rows) ?? null, keyNamed(data.layout.columns) ?? null];

/** The keys that are the rows and the columns now; null where none is. */
function axes() {
  const chosen = (name, other) => (get(name) === '-' ? null : (keyNamed(get(name)) ?? other));
  const rows = chosen('rows', usualKeys[0]);
  const columns = chosen('columns', usualKeys[1]);
  if (rows && rows === columns) return get('rows') ? [rows, null] : [null, columns];
  return [rows, columns];
}

/** The keys that tell runs of one cell apart: each makes panels, or is held at a value. */
function furtherKeys() {
  const given = axes().filter(Boolean);
  const further = [];
  for (const key of keys) {
    if (given.includes(key) || determined(key, [...given, ...further], everyRun)) continue;
    further.push(key);
  }
  return further;
}

/** For each further key "*panels", "*any" (the best run of a cell), or the label it is held at. */
function heldAt() {
  let panels = 1;
  return furtherKeys().map((key) => {
    const chosen = get(`at.${key.name}`);
    const known = chosen === '*panels' || chosen === '*any' || key.values.includes(chosen);
    const usual = data.layout.panels.includes(key.name) || key !== seedKey;
    const fits = usual && panels * key.values.length <= PANELS;
    const at = known ? chosen : fits ? '*panels' : key.values[0];
    if (at === '*panels') panels *= key.values.length;
    return [key, at];
  });
}

function isGallery() {
  if (get('view')) return get('view') === 'gallery';
  if (!get('rows') && !get('columns')) {
    if (data.layout.asked) return false;
    if (data.layout.gallery) return true;
  }
  const [rows, columns] = axes();
  if (!rows && !columns) return true;
  const given = [rows, columns].filter(Boolean);
  const many = keys.some(
    (key) => key !== seedKey && key.values.length > AXIS && !determined(key, given, everyRun),
  );
  return many || (rows && columns && filled(rows, columns) < SPARSE);
}

function drawAxes() {
  const [rows, columns] = axes();
  const options = [['-', 'none'], ...everyKey.map((key) => [key.name, key.title])];
  const controls = [
    field(
      'View',
      choice(
        [
          ['grid', 'grid'],
          ['gallery', 'gallery, best first'],
        ],
        isGallery() ? 'gallery' : 'grid',
        (view) => choose({ view }),
      ),
    ),
  ];
  if (!isGallery()) {
    controls.push(
      axis('Rows', 'rows', options, rows, columns),
      axis('Columns', 'columns', options, columns, rows),
    );
    for (const [key, at] of heldAt()) controls.push(heldControl(key, at));
  }
  controls.push(sizeControl());
  const focused = document.activeElement?.dataset?.control;
  controls.forEach((control) => {
    const input = control.querySelector('select, input');
    input.dataset.control = control.firstElementChild.textContent;
  });
  byId('axes').replaceChildren(...controls);
  if (focused)
    [...byId('axes').querySelectorAll('[data-control]')]
      .find((one) => one.dataset.control === focused)
      ?.focus();
}

function axis(label, name, options, now, other) {
  const otherName = name === 'rows' ? 'columns' : 'rows';
  const act = (value) => {
    const swap = other && value === other.name;
    choose(swap ? { [name]: value, [otherName]: now ? now.name : '-' } : { [name]: value });
  };
  return field(label, choice(options, now ? now.name : '-', act));
}

function heldControl(key, at) {
  const options = [
    ['*panels', 'a panel each'],
    ['*any', 'any, best of a cell'],
    ...key.values.slice(0, 200).map((label) => [label, label]),
  ];
  return field(
    key.title,
    choice(options, at, (value) => choose({ [`at.${key.name}`]: value })),
  );
}

function sizeControl() {
  const input = el('input', {
    type: 'range',
    min: 48,
    max: 384,
    step: 16,
    value: get('size') || 192,
  });
  input.addEventListener('input', () => choose({ size: input.value }));
  return field('Size', input);
}
