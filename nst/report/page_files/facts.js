// A run's settings and numbers beside those of a reference, and the commands for what comes next.

/** The recommended run, of those that are like `run` in their pictures; else the best one. */
function usualRun(run = null) {
  const picks = (advice?.groups ?? []).map((group) => group.picks[0].run);
  const like = (pick) => run !== null && APART.every((key) => key.of[pick] === key.of[run]);
  return picks.find(like) ?? picks[0] ?? [...bestsOf(everyRun, metric())][0] ?? null;
}

/** The run that others are compared with, until the reader chooses one. */
const usualReference = () => usualRun(viewedRun() ?? null);

function referenceRun() {
  const chosen = runs.findIndex((one) => one.name === get('reference'));
  return chosen < 0 ? usualReference() : chosen;
}

function setReference(run) {
  choose({ reference: run === usualReference() ? '' : runs[run].name });
}

function referenceOption(run) {
  const word = advice ? ', recommended' : `, best by ${short(metric()?.title ?? '', 30)}`;
  const best = run === usualReference() ? word : '';
  return [String(run), `run ${short(runs[run].name, 30)}${best}`];
}

/** The select has one option until it is used: thousands take long to lay out. */
function drawReference() {
  const run = referenceRun();
  const select = byId('reference');
  select.closest('div').hidden = run === null && runs.length < 2;
  byId('reference-here').disabled = run === viewedRun();
  if (select === document.activeElement && select.options.length > 1) select.value = String(run);
  else fill(select, run === null ? [['', 'none']] : [referenceOption(run)], String(run));
}

function offerReferences() {
  const select = byId('reference');
  const now = select.value;
  const best = usualReference();
  const others = [...new Set([referenceRun(), ...shown()])].filter((run) => run !== best);
  const all = best === null ? others : [best, ...others];
  fill(select, all.filter((run) => run !== null).map(referenceOption), now);
}

function startReference() {
  const select = byId('reference');
  for (const event of ['pointerdown', 'focus']) select.addEventListener(event, offerReferences);
  select.addEventListener('change', () => setReference(Number(select.value)));
  byId('reference-here').addEventListener('click', () => setReference(viewedRun()));
}

function facts(run) {
  const reference = referenceRun();
  const other = reference === run ? null : reference;
  const pair = (text) => [text(run), other === null ? null : text(other)];
  const rows = keys.map((key) => ({
    name: key.title,
    texts: pair((one) => labelOf(one, key)),
    same: other === null || key.of[run] === key.of[other],
  }));
  const figures = metrics.map((one) => ({
    name: one.title,
    meaning: one.meaning,
    texts: pair((each) => measured(valueOf(each, one), one)),
    better: other === null || !isMerit(one) ? [] : betterOf([run, other], one),
    same: true,
  }));
  figures.push({
    name: 'kept step',
    texts: pair((one) => String(runs[one].bestStep ?? '–')),
    same: true,
  });
  const tables = [];
  if (rows.length) tables.push(factTable('Settings', rows, other));
  tables.push(commandsOf(run));
  tables.push(factTable('Numbers', figures, other));
  const rest = { ...runs[run].others, ...data.common };
  const names = Object.keys(rest).toSorted(natural.compare);
  if (names.length) {
    const all = names.map((name) => ({ name, texts: [rest[name], null], same: true }));
    const box = el('details', {}, el('summary', { text: 'All other settings' }));
    box.append(factTable('', all, null));
    tables.push(box);
  }
  return tables;
}

/** What a picture is judged by: losses and times are told without a winner. */
const isMerit = (one) => one.objective || one.group === 'metrics';

/** The places of the best number among some runs; none where all are alike or neither way is better. */
function betterOf(some, one) {
  const values = some.map((run) => (run === null ? null : valueOf(run, one)));
  const known = values.filter((value) => value !== null);
  if (!one.better || known.length < 2) return [];
  const best = one.better === 'higher' ? Math.max(...known) : Math.min(...known);
  if (known.every((value) => value === best)) return [];
  return values.flatMap((value, at) => (value === best ? [at] : []));
}

/** Name, value, and the value of another run: what differs stands out, the better number is marked. */
function factTable(title, rows, other) {
  const head = el(
    'thead',
    {},
    el(
      'tr',
      {},
      el('td', {}),
      el('th', { scope: 'col', text: 'this run' }),
      el('th', { scope: 'col' }, 'run ', other === null ? '' : said(short(runs[other].name, 24))),
    ),
  );
  const body = rows.map(({ name, meaning, texts, same, better = [] }) =>
    el(
      'tr',
      { class: same ? null : 'differs' },
      el(
        'th',
        { scope: 'row', title: meaning || null },
        same
          ? null
          : el('span', { class: 'unlike', role: 'img', 'aria-label': 'differs:', text: '≠ ' }),
        said(name, 'value'),
      ),
      ...texts
        .filter((text) => text !== null)
        .map((text, at) => factCell(text, better.includes(at))),
    ),
  );
  return el(
    'table',
    { class: 'facts' },
    el('caption', { class: title ? null : 'unseen', text: title || 'All other settings' }),
    other === null ? null : head,
    el('tbody', {}, ...body),
  );
}

function factCell(text, better, word = 'better') {
  return el(
    'td',
    { class: better ? 'is-better' : null },
    said(text, 'value'),
    better ? el('span', { class: 'better', text: word }) : null,
  );
}

/** The commands for what comes next, as [name, what comes of it, command]. */
function commandsFrom(run) {
  const { again, command } = runs[run];
  const { path, larger, refine } = again;
  return [
    ['Again', 'the same picture', path && `nst rerun ${path}`],
    ['Larger', 'the same look', larger && `nst rerun ${path} ${larger}`],
    ['Finer', 'a grid around it', refine && `nst refine ${path} ${refine}`],
    ['As typed', 'what the cell was run with', command],
  ].filter(([, , typed]) => typed);
}

function commandsOf(run) {
  const { why } = runs[run].again;
  return el(
    'div',
    { class: 'viewer-commands', role: 'group', 'aria-label': 'Commands' },
    el('h3', { text: 'Commands' }),
    why ? el('p', { text: `It can’t be run again: ${why}.` }) : null,
    ...commandsFrom(run).map((one) => commandRow(...one)),
  );
}
