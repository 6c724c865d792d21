// Elements whose texts come from files: always as text, never as markup.

const byId = (id) => document.getElementById(id);

/** Make an element; `attributes` may hold `text`, `on` (listeners) and `vars` (CSS properties). */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'text') node.textContent = value;
    else if (name === 'on')
      for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (name === 'vars')
      for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** A text from a file, kept apart from the direction of its neighbors. */
function said(text, name = 'name') {
  const long = text.length > 24;
  return el('bdi', { class: name, title: long ? short(text, 400) : null, text: short(text, 2000) });
}

/** Fill a select with [value, text] pairs, or {label, options} groups of them. */
function fill(select, options, value) {
  const option = ([key, text]) => el('option', { value: key, text: short(text) });
  select.replaceChildren(
    ...options.map((one) =>
      Array.isArray(one)
        ? option(one)
        : el('optgroup', { label: one.label }, ...one.options.map(option)),
    ),
  );
  select.value = value;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
}

function field(label, control) {
  return el(
    'label',
    { class: 'field' },
    el('span', { text: short(label, 40), title: label.length > 40 ? short(label, 400) : null }),
    control,
  );
}

function choice(options, value, act) {
  const select = el('select', { on: { change: () => act(select.value) } });
  fill(select, options, value);
  return select;
}

const metricOptions = () =>
  [
    ['objective', 'What the search is by'],
    ['metrics', 'Metrics'],
    ['losses', 'Losses of the result'],
    ['time', 'Time'],
  ]
    .map(([group, label]) => ({
      label,
      options: metrics
        .filter((one) => (one.objective ? 'objective' : one.group) === group)
        .map((one) => [metricName(one), one.title]),
    }))
    .filter((group) => group.options.length);

// A browser fetches lazily over http alone: from files the page does it itself.
const lazy = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      lazy.unobserve(target);
      target.src = target.dataset.src;
    }
  },
  { rootMargin: '800px' },
);

/** The thumbnail of a run, or a word in its place. */
function thumbnail(run, alt) {
  const { thumbnail: src, ratio, status } = runs[run];
  const nothing = () =>
    el(
      'span',
      { class: 'nothing', vars: ratio && { 'aspect-ratio': ratio.join(' / ') } },
      status === 'finished' ? 'no picture' : status,
      alt && el('span', { class: 'unseen', text: `: ${alt}` }),
    );
  if (!src) return nothing();
  const image = el('img', {
    alt,
    decoding: 'async',
    vars: ratio && { 'aspect-ratio': ratio.join(' / ') },
  });
  image.addEventListener('error', () => image.replaceWith(nothing()), { once: true });
  if (src.startsWith('data:')) image.src = src;
  else {
    image.dataset.src = src;
    lazy.observe(image);
  }
  return image;
}

/** Rows or cells in chunks: the next one when the end of the last comes near. */
function inChunks(holder, items, make, size, root = null) {
  let done = 0;
  holder.replaceChildren();
  const more = () => {
    const chunk = items.slice(done, done + size);
    done += chunk.length;
    holder.append(...chunk.map(make));
    if (done < items.length) watch.observe(holder.lastElementChild);
  };
  const watch = new IntersectionObserver(
    (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      more();
    },
    { root, rootMargin: '1200px' },
  );
  more();
  return () => watch.disconnect();
}
