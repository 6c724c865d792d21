// Answers by mouse, touch and keyboard; each is sent as it is given, and brings the next pair.

let pair = null; // what is shown
let busy = true; // a vote is on its way, or its pictures are
let told = false; // that further votes would change little

const slow = () => !matchMedia('(prefers-reduced-motion: reduce)').matches;
const wait = (time) => new Promise((done) => setTimeout(done, time));

function say(text) {
  byId('message').textContent = text;
  byId('message').hidden = !text;
}

/** Show a pair once both of its pictures are there; one that is gone brings another pair. */
async function showPair(next, tries = 3) {
  let images;
  try {
    images = await Promise.all(SIDES.map((side) => loaded(next[side])));
  } catch {
    if (tries > 0) return showPair(await ask('pair', {}, say), tries - 1);
    throw new Refused(0, 'The pictures can\'t be shown: reload the page to try again.');
  }
  pair = next;
  say('');
  letGo();
  drawSources(next);
  showPictures(...images);
  const [group, of] = next.group;
  const votes = `${next.votes} vote${next.votes === 1 ? '' : 's'}`;
  byId('count').textContent = of > 1 ? `${votes}, group ${group} of ${of}` : votes;
  byId('outlook').textContent = next.outlook;
  byId('bar').setAttribute('aria-valuenow', Math.round(100 * next.certainty));
  byId('bar').firstElementChild.style.width = `${100 * next.certainty}%`;
  byId('undo').disabled = next.votes === 0;
  byId('settled').hidden = !next.settled || told;
  document.documentElement.dataset.ready = next.ballot;
}

/** Do one thing at a time; whatever comes meanwhile is no answer to what is not yet seen. */
async function once(act) {
  if (busy) return;
  busy = true;
  byId('answers').setAttribute('aria-busy', 'true');
  try {
    await act();
  } catch (error) {
    if (error.status === 409) await again();
    else say(error.message);
  } finally {
    busy = false;
    byId('answers').removeAttribute('aria-busy');
  }
}

async function again() {
  try {
    await showPair(await ask('pair', {}, say));
  } catch (error) {
    say(error.message);
  }
}

function answer(what) {
  return once(async () => {
    if (!pair) return again();
    if (pair.settled) settledSeen();
    const sent = ask('vote', { ballot: pair.ballot, answer: what }, say);
    mark(what);
    const [next] = await Promise.all([sent, wait(slow() ? 180 : 0)]);
    await showPair(next);
  });
}

function undo() {
  return once(async () => showPair(await ask('undo', {}, say)));
}

/** What was chosen stands out for a moment. */
function mark(what) {
  for (const side of SIDES) {
    byId(`${side}-pane`).classList.toggle('chosen', what === side || what === 'tie');
    byId(`${side}-pane`).classList.toggle('passed', what !== side && what !== 'tie');
  }
}

function settledSeen() {
  told = true;
  byId('settled').hidden = true;
}

function backToChoosing() {
  byId('ranking').hidden = true;
  byId('choosing').hidden = false;
  document.title = 'Which picture is better?';
  document.activeElement?.blur();
  layOut();
}

const THEMES = ['system', 'light', 'dark'];

function applyTheme(name) {
  if (name === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  byId('theme').textContent = `Theme: ${name}`;
}

function nextTheme() {
  const now = document.documentElement.dataset.theme ?? 'system';
  const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
  applyTheme(next);
  try {
    localStorage.theme = next;
  } catch {
    // a browser that keeps nothing
  }
}

const KEYS = {
  ArrowLeft: () => answer('left'),
  ArrowRight: () => answer('right'),
  ArrowUp: () => answer('tie'),
  ArrowDown: () => answer('neither'),
  z: undo,
  Backspace: undo,
  f: nextAlone,
  r: showRanking,
  '?': () => byId('help').showModal(),
  Escape: () => (view.how === 'fit' ? showAlone(null) : fitView(view)),
};
const HELD = { c: 'content', s: 'style' };

function pressed(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || document.querySelector('dialog[open]')) return;
  if (byId('choosing').hidden) return void (event.key === 'Escape' && backToChoosing());
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (HELD[key]) {
    if (!event.repeat) hold(HELD[key]);
    return event.preventDefault();
  }
  if (zoomKey(view, event)) return;
  if (!KEYS[key] || event.shiftKey) return key === '?' && KEYS[key]();
  event.preventDefault();
  // A key that is kept down is one answer.
  if (!event.repeat) KEYS[key]();
}

function start() {
  try {
    if (THEMES.includes(localStorage.theme)) applyTheme(localStorage.theme);
  } catch {
    // a browser that keeps nothing
  }
  startPanes(answer);
  startRanking(backToChoosing);
  for (const button of document.querySelectorAll('[data-answer]'))
    button.addEventListener('click', () => answer(button.dataset.answer));
  const clicks = {
    undo,
    full: nextAlone,
    theme: nextTheme,
    'to-ranking': showRanking,
    'settled-ranking': showRanking,
    'settled-on': settledSeen,
    'help-open': () => byId('help').showModal(),
  };
  for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener('click', act);
  addEventListener('keydown', pressed);
  addEventListener('keyup', (event) => HELD[event.key.toLowerCase()] && letGo());
  addEventListener('blur', letGo);
  busy = false;
  once(again);
}

start();
