// The color of a number: the better, the stronger.

// viridis: even steps look even, also to readers who see fewer colors.
const SCALE = [
  '#440154',
  '#472d7b',
  '#3b528b',
  '#2c728e',
  '#21918c',
  '#28ae80',
  '#5ec962',
  '#addc30',
  '#fde725',
];

/** The color of the scale at 0 to 1, as the channels of rgb(). */
function tone(share) {
  const at = Math.max(0, Math.min(1, share)) * (SCALE.length - 1);
  const low = Math.min(Math.floor(at), SCALE.length - 2);
  const channel = (hex, place) => parseInt(hex.slice(1 + 2 * place, 3 + 2 * place), 16);
  const mix = (place) =>
    Math.round(
      channel(SCALE[low], place) * (low + 1 - at) + channel(SCALE[low + 1], place) * (at - low),
    );
  return `rgb(${mix(0)} ${mix(1)} ${mix(2)})`;
}

/** Where a value lies between the worst (0) and the best (1). */
function merit(value, range, better) {
  if (value === null || !range || range[0] === range[1]) return value === null ? null : 1;
  const share = (value - range[0]) / (range[1] - range[0]);
  return better === 'lower' ? 1 - share : share;
}

/** Dark is better on paper, bright on a dark page; the end that would fade away is left out. */
const toneFor = (share) => `light-dark(${tone(0.9 * (1 - share))}, ${tone(0.2 + 0.8 * share)})`;

function drawLegend(range) {
  const one = metric();
  byId('legend').hidden = !range;
  if (!range) return;
  const [first, last] = one.better === 'lower' ? [range[1], range[0]] : range;
  const stops = Array.from({ length: 9 }, (_, place) => toneFor(place / 8)).join(', ');
  byId('legend').replaceChildren(
    el('span', { class: 'legend-title', text: one.title }),
    el('span', { class: 'number', text: measured(first, one) }),
    el('span', {
      class: 'ramp',
      vars: { background: `linear-gradient(to right, ${stops})` },
      role: 'img',
      'aria-label': `from ${measured(first, one)} to ${measured(last, one)}`,
    }),
    el('span', { class: 'number', text: measured(last, one) }),
    el('span', {
      class: 'way',
      text: one.better ? `→ ${one.better} is better` : 'neither is better',
    }),
    el('span', { class: 'meaning', text: one.meaning }),
  );
}
