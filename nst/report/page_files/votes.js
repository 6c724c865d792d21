// What the voters said: the pictures in their order, and the numbers that agree with them.

const voted = data.votes;
const favorites = new Set((voted?.groups ?? []).flatMap((group) => group.favorite));

/** Whether a run has the picture that the voters like best of its photograph and painting. */
const isFavorite = (run) => favorites.has(run);

/** Whether a number is the preference of one of several voters. */
const isOfOneVoter = (one) => one.group === 'metrics' && one.name.startsWith('preference/');

/** The sign of the voters' favorite, in the grid, the table and the recommendation. */
const heart = (attributes = { 'aria-hidden': 'true' }) =>
  el('span', { class: 'heart', ...attributes, text: '♥\ufe0e ' });

/** The ends of all intervals, so that the rows of a group share one scale. */
function spanOf(group) {
  const low = Math.min(...group.order.map((one) => one.low));
  const high = Math.max(...group.order.map((one) => one.high));
  return { share: (value) => (high > low ? (value - low) / (high - low) : 0.5) };
}

function strengthCell(one, { share }) {
  const [at, low, high] = [one.value, one.low, one.high].map(share);
  const said = `${figure(one.value)}, 95 % interval ${figure(one.low)} to ${figure(one.high)}`;
  return el(
    'td',
    { class: 'strength', title: said },
    el(
      'span',
      { class: 'whisker', role: 'img', 'aria-label': said, vars: { '--low': low, '--high': high } },
      el('span', { class: 'whisker-zero', vars: { '--at': share(0) } }),
      el('span', { class: 'whisker-line' }),
      el('span', { class: 'whisker-dot', vars: { '--at': at } }),
    ),
  );
}

function voteRow(one, group, span) {
  const { run } = one;
  const order = group.order.map((other) => other.run);
  const open = el(
    'button',
    { type: 'button', class: 'row-open', on: { click: () => openViewer(run, order) } },
    thumbnail(run, ''),
    isFavorite(run) ? heart() : null,
    said(runs[run].name),
    isFavorite(run) ? el('span', { class: 'unseen', text: ', the voters’ favorite' }) : null,
  );
  return el(
    'tr',
    {},
    el('th', { scope: 'row' }, open),
    strengthCell(one, span),
    el('td', { class: 'number', text: figure(one.value) }),
    el('td', { class: 'number', text: one.votes }),
    el('td', {}, said(settings(run, imageKeys) || '–', 'settings')),
  );
}

const imageKeys = keys.filter((key) => ['content', 'style'].includes(key.name));

function rankingOf(group, at, every) {
  const body = el('tbody');
  const name = every.length > 1 ? `Preference, ${group.title}` : 'Preference';
  const table = el(
    'table',
    { class: 'ranking' },
    el('caption', { class: 'unseen', text: `${name}: the most preferred first` }),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        el('th', { scope: 'col', text: 'run' }),
        el('th', { scope: 'col', text: '95 % interval' }),
        el('th', { scope: 'col', class: 'number', text: 'preference' }),
        el('th', { scope: 'col', class: 'number', text: 'votes' }),
        el('th', { scope: 'col', text: 'settings' }),
      ),
    ),
    body,
  );
  const box = el(
    'div',
    { class: 'scroll ranking-box', role: 'region', 'aria-label': name, tabindex: 0 },
    table,
  );
  const span = spanOf(group);
  inChunks(body, group.order, (one) => voteRow(one, group, span), 60, box);
  const heading = every.length > 1 ? el('h3', {}, said(group.title, 'value')) : null;
  const words = group.words && el('p', { class: 'caption' }, heart(), group.words);
  return el('div', { class: 'ranking-of' }, heading, words || null, box);
}

function agreementRow({ title, way, tau, chance, clear }) {
  const text = tau.toFixed(2).replace('-', '−');
  return el(
    'tr',
    { class: clear ? null : 'is-chance' },
    el('th', { scope: 'row' }, said(title, 'value'), el('span', { class: 'way', text: way })),
    el(
      'td',
      {},
      el(
        'span',
        { class: 'tau', 'aria-hidden': 'true', vars: { '--chance': Math.min(1, chance) } },
        el('span', { class: 'tau-bar', vars: { '--from': Math.min(0, tau), '--size': Math.abs(tau) } }),
      ),
    ),
    el(
      'td',
      { class: 'number' },
      text,
      clear ? null : el('span', { class: 'unseen', text: ', no more than chance' }),
    ),
  );
}

function startVotes() {
  if (!voted) return;
  byId('votes-caption').textContent = voted.told;
  byId('rankings').replaceChildren(...voted.groups.map(rankingOf));
  const rows = voted.agreement;
  byId('agreement').hidden = !rows.length;
  byId('agreement-table').tBodies[0].replaceChildren(...rows.map(agreementRow));
  byId('agreement-caption').textContent = [voted.trusted, voted.among].filter(Boolean).join(' ');
  byId('votes-lines').replaceChildren(...voted.lines.map(adviceLine));
  byId('votes-lines').hidden = !voted.lines.length;
}
