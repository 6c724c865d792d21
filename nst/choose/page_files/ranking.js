// The ranking: what the votes came to, now with the settings.

/** A share for people; none is ever certain. */
const percent = (share) =>
  share > 0.995 ? 'over 99\u00a0%' : share < 0.005 ? 'under 1\u00a0%' : `${Math.round(100 * share)}\u00a0%`;

const part = (share) => `${(100 * share).toFixed(1)}%`;

async function showRanking() {
  const everyone = byId('whose').value === 'everyone';
  try {
    drawRanking(await ask('ranking', { everyone }, say));
  } catch (error) {
    return say(error.message);
  }
  byId('choosing').hidden = true;
  byId('ranking').hidden = false;
  byId('settled').hidden = true;
  document.title = 'Your ranking';
  scrollTo(0, 0);
  byId('ranking-title').focus();
}

function drawRanking(found) {
  const others = found.others.length;
  byId('whose-field').hidden = others === 0;
  const [mine, everyone] = byId('whose').options;
  mine.textContent = `Votes by ${found.voter}`;
  everyone.textContent = `Votes by ${others + 1} people`;
  byId('ranking-title').textContent = found.everyone ? 'The ranking of all voters' : 'Your ranking';
  const missing = found.missing
    ? ` ${found.missing} more for pictures that are not here, gone or changed.`
    : '';
  byId('ranking-lead').textContent = `${found.votes}.${missing}`;
  byId('groups').replaceChildren(
    ...found.groups.map((one) => groupOf(one, found)),
    ...(found.agreement.length ? [agreement(found)] : []),
  );
}

function groupOf(group, found) {
  const [best] = group.rows;
  const several = found.groups.length > 1;
  const nothing = 'No votes yet: choose between some pairs, then look again.';
  return el(
    'section',
    {},
    several ? el('h2', {}, el('bdi', { text: group.title })) : null,
    el('p', { class: 'caption', text: best ? group.outlook : nothing }),
    best ? favorite(best, group, found) : null,
    best ? places(group) : null,
  );
}

function favorite(row, group, found) {
  const which = row.runs.length > 1 ? `Runs ${row.runs.join(', ')}` : `Run ${row.runs[0]}`;
  const whose = found.everyone ? 'The favorite' : 'Your favorite';
  return el(
    'div',
    { class: 'favorite' },
    pictureButton(row, `${whose}: ${which}`),
    el(
      'div',
      { class: 'favorite-facts' },
      el('h3', {}, el('span', { text: `${whose}: ` }), el('bdi', { text: which })),
      el('p', { text: strengthOf(row) }),
      settingsOf(row),
      commandsOf(row.again),
      el('div', { class: 'of' }, ...group.sources.map(sourceFigure)),
    ),
  );
}

const sourceFigure = ({ name, short }) =>
  el(
    'figure',
    {},
    name ? el('img', { src: `picture/${name}`, alt: '' }) : null,
    el('figcaption', {}, el('bdi', { text: short })),
  );

const strengthOf = (row) =>
  `Chosen over an average picture of these in ${percent(row.share)} of votes, ` +
  `by what is known so far (${percent(row.low)} to ${percent(row.high)}).`;

function settingsOf(row) {
  return el(
    'dl',
    { class: 'settings' },
    ...row.settings.map(([title, value]) =>
      el('div', {}, el('dt', { text: title }), el('dd', {}, el('bdi', { text: value }))),
    ),
  );
}

function commandsOf({ why, path, larger, refine }) {
  const rows = [
    ['Larger', 'with the same look', larger && `nst rerun ${path} ${larger}`],
    ['Finer', 'a grid around it', refine && `nst refine ${path} ${refine}`],
  ];
  return el(
    'div',
    { class: 'viewer-commands' },
    why ? el('p', { text: `It can’t be run again: ${why}.` }) : null,
    ...rows.filter(([, , typed]) => typed).map((one) => commandRow(...one)),
  );
}

function places(group) {
  const unseen = group.unseen
    ? el('p', {
        class: 'hint',
        text: `${group.unseen} more ${group.unseen === 1 ? 'picture has' : 'pictures have'} no vote yet.`,
      })
    : null;
  return el(
    'div',
    {},
    el('h3', { class: 'places-title', text: 'All places' }),
    el('p', {
      class: 'hint',
      text: 'How often each is chosen over an average one, with a 95 % interval; the line is one in two.',
    }),
    el('ol', { class: 'places' }, ...group.rows.map((row, at) => placeOf(row, at + 1))),
    unseen,
  );
}

function placeOf(row, place) {
  const counts = [
    [row.won, 'won'],
    [row.lost, 'lost'],
    [row.tied, 'tied'],
  ];
  const said = counts.map(([count, word]) => `${count} ${word}`).join(', ');
  return el(
    'li',
    {},
    el('span', { class: 'place', text: String(place) }),
    pictureButton(row, `Place ${place}: run ${row.runs.join(', ')}`),
    el(
      'div',
      { class: 'place-strength' },
      el(
        'div',
        { class: 'interval', 'aria-hidden': 'true' },
        el('span', {
          class: 'interval-line',
          vars: { '--left': part(row.low), '--width': part(row.high - row.low) },
        }),
        el('span', { class: 'interval-dot', vars: { '--left': part(row.share) } }),
      ),
      el('p', {}, el('strong', { text: percent(row.share) }), ` ${said}`),
    ),
    el(
      'div',
      { class: 'place-what' },
      el('p', { class: 'place-run' }, `Run `, el('bdi', { text: row.runs.join(', ') })),
      settingsOf(row),
    ),
  );
}

function pictureButton(row, label) {
  return el(
    'button',
    {
      type: 'button',
      class: 'place-picture',
      'aria-label': `${label}, larger`,
      on: { click: () => showLarge(row.name, label) },
    },
    el('img', { src: `picture/${row.name}`, alt: '', loading: 'lazy' }),
  );
}

function showLarge(name, label) {
  const image = byId('large').querySelector('img');
  image.src = `picture/${name}`;
  image.alt = label;
  byId('large').showModal();
}

/** Which metrics have the pictures in the voter's order. */
function agreement(found) {
  const clear = found.agreement.filter((one) => one.clear);
  const rest = found.agreement.filter((one) => !one.clear).map((one) => one.title);
  const chance = rest.length
    ? `${clear.length ? 'No more than chance would: ' : 'None more than chance would: '}${rest.join(', ')}.`
    : null;
  return el(
    'section',
    { class: 'agreement' },
    el('h2', { text: found.everyone ? 'Which numbers agree' : 'Which numbers agree with you' }),
    clear.length
      ? el(
          'table',
          {},
          el(
            'thead',
            {},
            el(
              'tr',
              {},
              el('th', { text: 'Preferred', scope: 'col' }),
              el('th', { text: 'Kendall’s tau', scope: 'col', class: 'number' }),
            ),
          ),
          el(
            'tbody',
            {},
            ...clear.map((one) =>
              el(
                'tr',
                {},
                el('th', { scope: 'row' }, el('bdi', { text: one.preferred })),
                el('td', { class: 'number', text: one.tau.toFixed(2).replace('-', '−') }),
              ),
            ),
          ),
        )
      : null,
    chance ? el('p', { class: 'hint', text: chance }) : null,
    el('p', {
      class: 'hint',
      text: '1 is your very order, 0 no agreement. nst report shows what each setting does to the preference.',
    }),
  );
}

function startRanking(back) {
  byId('whose').addEventListener('change', showRanking);
  byId('to-choosing').addEventListener('click', back);
  byId('large').addEventListener('click', () => byId('large').close());
}
