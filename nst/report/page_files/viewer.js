// One picture at full size, with all that is known of its run.

// What serves the page of a running sweep lists no folders.
const foldersOpen = location.protocol === 'file:';

let viewed = { order: [], at: 0 };

function openViewer(run, order) {
  const list = order.includes(run) ? [...order] : [run];
  viewed = { order: list, at: list.indexOf(run) };
  drawViewer();
  if (!byId('viewer').open) byId('viewer').showModal();
}

function turn(by) {
  const count = viewed.order.length;
  viewed.at = (viewed.at + by + count) % count;
  drawViewer();
}

const viewedRun = () => viewed.order[viewed.at];

/** Show the full picture; the thumbnail where that is not to be had. */
function showFull(image, run, alt) {
  const { picture, thumbnail: small } = runs[run];
  image.onerror = () => {
    image.onerror = null;
    if (small) image.src = small;
    else image.removeAttribute('src');
  };
  image.alt = alt;
  if (picture || small) image.src = picture ?? small;
  else image.removeAttribute('src');
}

function drawViewer() {
  const run = viewedRun();
  const { name, status, error, folder, picture, animation, ratio } = runs[run];
  const { fallbacks, sameAs, reusedFrom } = runs[run];
  byId('viewer-title').replaceChildren('Run ', said(name));
  showFull(byId('viewer-image'), run, `Run ${short(name, 80)}: ${settings(run)}`);
  if (ratio) byId('viewer-image').style.aspectRatio = ratio.join(' / ');
  byId('viewer-place').textContent =
    `${viewed.at + 1} of ${viewed.order.length}${status === 'finished' ? '' : ` · ${status}`}`;
  byId('viewer-error').hidden = !error;
  byId('viewer-error').textContent = short(error ?? '', 2000);
  const known = [
    fallbacks && `${fallbacks}.`,
    sameAs && `The same as run ${short(sameAs, 80)}, by its hash.`,
    reusedFrom && `Taken from ${short(reusedFrom, 160)}.`,
  ];
  byId('viewer-note').hidden = !known.some(Boolean);
  byId('viewer-note').textContent = known.filter(Boolean).join(' ');
  const single = viewed.order.length < 2;
  byId('viewer-previous').disabled = byId('viewer-next').disabled = single;
  byId('viewer-facts').replaceChildren(...facts(run));
  byId('viewer-links').replaceChildren(
    ...[
      [picture, 'The picture’s file'],
      [animation, 'How it came about'],
      [foldersOpen && folder, 'The run’s folder'],
    ]
      .filter(([href]) => href)
      .map(([href, text]) => el('a', { href, text })),
  );
  markPicked();
}

function facts(run) {
  const best = bestOf(everyRun, metric());
  const other = best === run ? null : best;
  const rows = [
    ...keys.map((key) => [
      key.title,
      labelOf(run, key),
      other === null ? null : labelOf(other, key),
    ]),
  ];
  const figures = metrics.map((one) => [
    one.title,
    measured(valueOf(run, one), one),
    other === null ? null : measured(valueOf(other, one), one),
    one.meaning,
  ]);
  figures.push([
    'best step',
    String(runs[run].bestStep ?? '–'),
    other === null ? null : String(runs[other].bestStep ?? '–'),
  ]);
  const tables = [];
  if (rows.length) tables.push(factTable('Settings', rows, other, true));
  tables.push(factTable('Numbers', figures, other));
  const rest = { ...runs[run].others, ...data.common };
  const names = Object.keys(rest).toSorted(natural.compare);
  if (names.length) {
    tables.push(
      el(
        'details',
        {},
        el('summary', { text: 'Everything else' }),
        factTable(
          '',
          names.map((name) => [name, rest[name], null]),
          null,
        ),
      ),
    );
  }
  return tables;
}

/** Name, value, and the value of another run; where `marked`, a difference stands out. */
function factTable(title, rows, other, marked = false) {
  const head =
    other === null || other === undefined
      ? null
      : el(
          'thead',
          {},
          el(
            'tr',
            {},
            el('td', {}),
            el('th', { scope: 'col', text: 'here' }),
            el('th', { scope: 'col' }, 'best: ', said(short(runs[other].name, 24))),
          ),
        );
  const body = rows.map(([name, here, there, meaning]) =>
    el(
      'tr',
      { class: marked && there !== null && there !== here ? 'differs' : null },
      el('th', { scope: 'row', title: meaning || null }, said(name, 'value')),
      el('td', {}, said(here, 'value')),
      head ? el('td', {}, said(there ?? '', 'value')) : null,
    ),
  );
  return el(
    'table',
    { class: 'facts' },
    el('caption', { class: title ? null : 'unseen', text: title || 'Everything else' }),
    head,
    el('tbody', {}, ...body),
  );
}

function startViewer() {
  for (const link of foldersOpen ? [] : document.querySelectorAll('.reasons a')) {
    link.replaceWith(...link.childNodes);
  }
  const dialog = byId('viewer');
  byId('viewer-close').addEventListener('click', () => dialog.close());
  byId('viewer-previous').addEventListener('click', () => turn(-1));
  byId('viewer-next').addEventListener('click', () => turn(1));
  byId('viewer-compare').addEventListener('click', () => pick(viewedRun()));
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || viewed.order.length < 2) return;
    event.preventDefault();
    turn(by);
  });
}
