// Content and style image, shown as long as a key or a small picture is held.

const KINDS = { content: ['Content', 'C'], style: ['Style', 'S'] };
let sources = {};

function drawSources(shown) {
  const now = JSON.stringify([shown.content, shown.style]);
  if (byId('sources').dataset.now === now) return;
  byId('sources').dataset.now = now;
  sources = shown;
  byId('sources').replaceChildren(...Object.keys(KINDS).map(sourceButton));
}

function sourceButton(kind) {
  const [title, key] = KINDS[kind];
  const found = sources[kind].filter((one) => one.name);
  const said = sources[kind].map((one) => one.title).join(' + ');
  const pictures = found.map((one) =>
    el('img', { src: `picture/${one.name}`, alt: '', draggable: 'false' }),
  );
  const label = el(
    'span',
    { class: 'source-label' },
    el('strong', { text: title }),
    found.length ? el('kbd', { text: key }) : null,
    el('bdi', { text: sources[kind].map((one) => one.short).join(' + ') }),
  );
  const button = el(
    'button',
    {
      type: 'button',
      class: 'source',
      title: found.length ? `${said} (hold ${key})` : `${said}: its picture is no longer there`,
      disabled: found.length === 0,
      'data-kind': kind,
    },
    ...pictures,
    label,
  );
  button.addEventListener('pointerdown', (event) => {
    button.setPointerCapture(event.pointerId);
    hold(kind);
  });
  for (const name of ['pointerup', 'pointercancel', 'blur']) button.addEventListener(name, letGo);
  button.addEventListener('contextmenu', (event) => event.preventDefault());
  button.addEventListener('keydown', (event) => {
    if (event.key !== ' ' && event.key !== 'Enter') return;
    event.preventDefault();
    if (!event.repeat) hold(kind);
  });
  button.addEventListener('keyup', letGo);
  return button;
}

/** The content image stands where each result is, so that the eye sees what was changed. */
function hold(kind) {
  const found = sources[kind]?.filter((one) => one.name) ?? [];
  if (found.length === 0) return;
  const twice = kind === 'content' && found.length === 1 && !alone ? [found[0], found[0]] : found;
  byId('held').replaceChildren(
    ...twice.map((one, at) =>
      el('img', { src: `picture/${one.name}`, alt: at === 0 || found.length > 1 ? one.title : '' }),
    ),
    el('p', { class: 'viewer-word', text: `${KINDS[kind][0]}: ${found.map((one) => one.title).join(' + ')}` }),
  );
  byId('held').hidden = false;
}

function letGo() {
  byId('held').hidden = true;
}
