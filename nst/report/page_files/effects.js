// What a setting does to the metric: within blocks of equal other settings, as Python computed it.

const factors = data.effects.factors;

const effectFor = (factor) => factor.of[metrics.indexOf(metric())];
const keysOf = (places) => places.map((place) => keys[place]);

/** The sentence above a chart: what the setting does, or why that can't be said. */
function effectHeadline(factor, row) {
  if (row.why || row.headline) return row.why || row.headline;
  const grid = factor.drawn ? 'as after a random search' : 'the runs are no full grid';
  return (
    `Nothing is paired: no two finished runs differ in ${short(factor.title)} alone (${grid}). ` +
    'Each point is a run, and what sets two apart may be another setting.'
  );
}

/** What must be known beside the chart: what is left out, what has no interval, what goes along. */
function effectNotes(factor, row) {
  const words = [];
  const missing = row.differences.length && row.complete < row.blocks;
  if (missing && row.means.length)
    words.push(
      `${row.complete} of ${row.blocks} blocks have a finished run at each value; the others are left out.`,
    );
  else if (missing)
    words.push(
      `Only ${row.complete} of ${row.blocks} blocks have a finished run at each value, so each difference is over the blocks that have its two.`,
    );
  if (row.seeds) words.push('There is one block alone, so its seeds are the pairs.');
  if (row.differences.some(([, , , least]) => least === null)) {
    words.push('A single pair has no interval.');
  }
  if (factor.along.length) words.push(`${short(factor.along.join(', '))} changes with it.`);
  return words.join(' ');
}

function effectTable(details, factor, row) {
  const number = (value) => (value === null || value === undefined ? '–' : measured(value, metric()));
  const of = new Map((row.differences ?? []).map((one) => [one[0], one]));
  const rows = factor.values.slice(0, 200).map((value, level) => {
    const [, pairs, mean, least, most, above] = of.get(level) ?? [];
    const texts = [
      number(row.means?.[level]),
      level ? number(mean) : '',
      level && least !== null && least !== undefined ? `${number(least)} to ${number(most)}` : level ? '–' : '',
      level && pairs ? `${above} of ${pairs}` : '',
    ];
    return el(
      'tr',
      {},
      el('th', { scope: 'row' }, said(value, 'value')),
      ...texts.map((text) => el('td', { class: 'number', text })),
    );
  });
  const head = ['', 'mean', `to ${short(factor.values[0], 16)}`, '95 % interval', 'above in'].map(
    (text) => (text ? el('th', { scope: 'col', class: 'number', text }) : el('td')),
  );
  details.hidden = !row.differences?.length;
  details.replaceChildren(
    el('summary', { text: 'Numbers' }),
    el(
      'div',
      { class: 'scroll' },
      el(
        'table',
        { class: 'facts' },
        el('caption', { class: 'unseen', text: `${metric().title} by ${short(factor.title)}` }),
        el('thead', {}, el('tr', {}, ...head)),
        el('tbody', {}, ...rows),
      ),
    ),
  );
}

function drawEffectsCaption() {
  const some = judged();
  byId('effects-caption').textContent = effectsWords(some);
}

function effectsWords(some) {
  if (!some.length) return 'No finished run has this metric.';
  const filtered = shown().length < runs.length ? ', whatever the filter' : '';
  const words = [`The ${metric().title} of all finished runs${filtered}.`];
  if (!factors.length) {
    const values = sorted(some, metric());
    const range = `${measured(values[0], metric())} to ${measured(values.at(-1), metric())}`;
    return `${words[0]} They differ in their seed alone: ${range} over ${values.length} runs.`;
  }
  if (factors.some((factor) => effectFor(factor).differences?.length)) {
    words.push(
      'A thin line is a block: only this setting changes along it, all others stay. The strong line is their mean.',
      'Below it, how far each value lies from the first, block by block, with the 95 % interval of the mean difference (Student’s t, each by itself).',
    );
  }
  if (seedKey) words.push('Runs that differ in their seed alone count as their mean.');
  return words.join(' ');
}

function effectFigure(factor) {
  const node = el('div', { class: 'chart effect', role: 'img', 'aria-label': short(factor.title) });
  const headline = el('p', { class: 'effect-headline' });
  const notes = el('p', { class: 'effect-note' });
  const numbers = el('details', { class: 'effect-numbers' }, el('summary', { text: 'Numbers' }));
  const figure = el(
    'figure',
    {},
    el('figcaption', {}, said(factor.title, 'value')),
    headline,
    node,
    notes,
    numbers,
  );
  byId('effects-charts').append(figure);
  part(
    () => [get('metric')],
    () => {
      const row = effectFor(factor);
      // What says nothing of this metric stands behind what does.
      figure.classList.toggle('is-silent', Boolean(row.why));
      headline.textContent = effectHeadline(factor, row);
      notes.textContent = row.why ? '' : effectNotes(factor, row);
      effectTable(numbers, factor, row);
    },
  );
  chart(
    node,
    () => [],
    () => drawEffect(node, factor),
  );
}

function startEffects() {
  byId('effects').hidden = keys.length === 0 || metrics.length === 0;
  if (byId('effects').hidden) return;
  for (const factor of factors) effectFigure(factor);
  part(() => [filterText(), get('metric')], drawEffectsCaption);
  startInteractions();
}
