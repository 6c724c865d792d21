// Which cell to take: the knee of the front, its neighbors, and what the clearest settings do.

const advice = data.recommended;
const advised = new Set((advice?.groups ?? []).map((group) => group.picks[0].run));

/** Whether a run is the recommended one, of its photograph where there are several. */
const isRecommended = (run) => advised.has(run);

function adviceButton(pick, order, ...said) {
  const { ratio } = runs[pick.run];
  return el(
    'button',
    {
      type: 'button',
      class: 'advice-pick',
      'data-run': pick.run,
      vars: ratio && { '--ratio': ratio[0] / ratio[1] },
      on: { click: () => openViewer(pick.run, order) },
    },
    thumbnail(pick.run, ''),
    el('span', { class: 'advice-words' }, ...said),
  );
}

/** The sign of the recommended cell, here and in the grid. */
const star = () => el('span', { class: 'star', 'aria-hidden': 'true', text: '★ ' });

const settingsLine = (pick) =>
  el('bdi', {
    class: 'advice-settings',
    title: short(settings(pick.run), 400) || null,
    text: pick.words || `run ${short(runs[pick.run].name, 40)}`,
  });

/** "Run 7 is as good." with the settings that tell it from the recommended one. */
function tieWords({ same }) {
  if (!same.length) return null;
  const [first] = same;
  const name = `Run ${short(runs[first.run].name, 40)}${first.words ? ` (${first.words})` : ''}`;
  const text =
    same.length === 1 ? `${name} is as good.` : `${same.length} more are as good: ${name} and others.`;
  return el('span', { class: 'advice-same', text });
}

function adviceOf(group) {
  const [first, ...others] = group.picks;
  const order = [...group.picks.map((pick) => pick.run), ...group.same.map((one) => one.run)];
  return [
    el(
      'li',
      { class: 'advice is-main' },
      adviceButton(
        first,
        order,
        el(
          'span',
          { class: 'advice-label' },
          star(),
          'Recommended',
          ...(isFavorite(first.run) ? [', ', heart(), 'the voters’ favorite'] : []),
        ),
        settingsLine(first),
        el('span', { class: 'advice-why', text: group.why }),
        tieWords(group),
      ),
    ),
    ...others.map((pick) =>
      el(
        'li',
        { class: isFavorite(pick.run) ? 'advice is-liked' : 'advice' },
        adviceButton(
          pick,
          order,
          el('span', { class: 'advice-label' }, isFavorite(pick.run) ? heart() : null, pick.role),
          settingsLine(pick),
        ),
      ),
    ),
  ];
}

/** Of several photographs each has its own: their numbers do not compare. */
function adviceOfMany(groups) {
  const shown = groups.flatMap((group) =>
    group.picks
      .filter((pick, at) => at === 0 || isFavorite(pick.run))
      .map((pick) => ({ pick, group })),
  );
  const order = shown.map(({ pick }) => pick.run);
  return shown.map(({ pick, group }) =>
    el(
      'li',
      { class: 'advice', title: pick.role ? null : short(group.why, 400) },
      adviceButton(
        pick,
        order,
        el('bdi', { class: 'advice-label' }, isFavorite(pick.run) ? heart() : null, group.title),
        settingsLine(pick),
      ),
    ),
  );
}

function adviceNote() {
  const names = advice.by.map((name) => metricNamed(name)?.title ?? name);
  const few = advice.groups.length > 1;
  const what =
    names.length > 1 ? `the knee of the front of ${names.join(' and ')}` : `the best ${names[0]}`;
  return few ? `Recommended for each, by ${what}; from one to another they do not compare.` : null;
}

function drawAdvice() {
  byId('recommended').hidden = !advice;
  if (!advice) return;
  const { groups, lines } = advice;
  const note = adviceNote();
  byId('recommended').replaceChildren(
    el('h2', { class: note ? 'label' : 'unseen', text: note ?? 'Recommended' }),
    el(
      'ul',
      { class: `advice-row${groups.length > 1 ? ' is-many' : ''}` },
      ...(groups.length > 1 ? adviceOfMany(groups) : adviceOf(groups[0])),
    ),
    lines.length
      ? el(
          'ul',
          { class: 'advice-lines', 'aria-label': 'What the settings do' },
          ...lines.map((line) => adviceLine(line)),
        )
      : '',
  );
}

/** "pooling: avg beats max ..." with the setting in bold. */
function adviceLine(line) {
  const at = line.indexOf(': ');
  return el('li', {}, el('b', { text: line.slice(0, at + 1) }), line.slice(at + 1));
}
