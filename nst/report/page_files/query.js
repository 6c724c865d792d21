// The filter as typed: words, and conditions such as beta>=1e3 or pooling!=max.

const CONDITION = /^(.+?)(!=|<=|>=|=|<|>)(.*)$/;

/** Texts with the case and the spaces taken away, as they are compared. */
const folded = (text) => String(text).toLowerCase().replaceAll(/\s/g, '');

/** What conditions can name: each key, its short name and its title; metrics; status and run. */
const fields = new Map();

function keyField(key) {
  return {
    text: (run) => labelOf(run, key),
    typed: (run) => key.typed[key.of[run]] ?? '–',
    number: (run) => (key.numbers && key.of[run] >= 0 ? key.numbers[key.of[run]] : null),
  };
}

function nameFields() {
  const endings = everyKey.map((key) => key.name.split('.').at(-1));
  everyKey.forEach((key, place) => {
    const own = keyField(key);
    const alone = endings.filter((ending) => ending === endings[place]).length === 1;
    for (const name of [key.title, ...(alone ? [endings[place]] : []), key.name])
      fields.set(folded(name), own);
  });
  for (const [name, text] of Object.entries(data.common)) {
    const value = text.trim() === '' ? NaN : Number(text);
    const own = { text: () => text, number: () => (Number.isNaN(value) ? null : value) };
    if (!fields.has(folded(name))) fields.set(folded(name), own);
  }
  for (const one of metrics) {
    const own = { text: (run) => figure(valueOf(run, one)), number: (run) => valueOf(run, one) };
    for (const name of [one.title, one.name])
      if (!fields.has(folded(name))) fields.set(folded(name), own);
  }
  fields.set('status', { text: (run) => runs[run].status, number: () => null });
  fields.set('run', { text: (run) => runs[run].name, number: (run) => Number(runs[run].name) });
}

nameFields();

const words = runs.map((run, place) =>
  [
    run.name,
    run.status,
    settings(place),
    ...keys.map((key) => short(labelOf(place, key), 200)),
    ...keys.map((key) => short(key.typed[key.of[place]] ?? '', 200)),
    short(run.error ?? '', 300),
    short(run.fallbacks, 300),
  ]
    .join(' ')
    .toLowerCase(),
);

/** A number as typed or as nst writes it: 1e-4, 10⁻⁴, 10^-4 and 3.3×10⁻⁴ are all read. */
function asNumber(text) {
  const plain = text
    .replace(/10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)$/, (_, raised) => `10^${lowered(raised)}`)
    .replace('−', '-')
    .replace(/^(-?)10\^/, (_, sign) => `${sign}1e`)
    .replace(/[×*]10\^/, 'e');
  return plain === '' ? NaN : Number(plain);
}

const lowered = (raised) =>
  [...raised].map((one) => '-0123456789'['⁻⁰¹²³⁴⁵⁶⁷⁸⁹'.indexOf(one)]).join('');

function isEqual(field, run, typed, number) {
  if ([field.text, field.typed].some((text) => text && folded(text(run)) === typed)) return true;
  const own = field.number(run);
  if (own === null || Number.isNaN(number)) return false;
  // 1/3 typed as 0.333333333 is meant.
  return Math.abs(own - number) <= 1e-9 * Math.max(Math.abs(own), Math.abs(number));
}

/** Whether a run meets what one part of the filter says; null where it names no key. */
function rule(part) {
  const found = part.match(CONDITION);
  if (!found) {
    const negated = part.startsWith('!') && part.length > 1;
    const word = (negated ? part.slice(1) : part).toLowerCase();
    return (run) => words[run].includes(word) !== negated;
  }
  const [, name, way, value] = found;
  const field = fields.get(folded(name));
  if (!field) return null;
  const typed = folded(value);
  const number = asNumber(typed);
  if (way === '=') return (run) => isEqual(field, run, typed, number);
  if (way === '!=') return (run) => !isEqual(field, run, typed, number);
  const compare = {
    '<': (own) => own < number,
    '<=': (own) => own <= number,
    '>': (own) => own > number,
    '>=': (own) => own >= number,
  }[way];
  return (run) => field.number(run) !== null && compare(field.number(run));
}

/** The parts of a filter: at spaces, but for those in quotes and around a sign. */
function partsOf(text) {
  const tight = text.replaceAll(/\s*(!=|<=|>=|=|<|>)\s*/g, '$1');
  const found = tight.match(/(?:"[^"]*"?|[^\s"])+/g) ?? [];
  return found.map((part) => part.replaceAll('"', '')).filter(Boolean);
}

/** The rules of a filter, and the names in it that no run has. */
function readQuery(text) {
  const [rules, unknown] = [[], []];
  for (const part of partsOf(text)) {
    const own = rule(part);
    if (own) rules.push(own);
    else unknown.push(part.match(CONDITION)[1]);
  }
  return { rules, unknown };
}
