// What the viewer shows in place of a run's result: a step on the way, or a picture while it is held.

let wantedStep = null; // of the slider; null: the result
let holding = null; // 'content', 'style' or 'reference', while its key or button is down

/** The pictures of a run in the order of their steps; the result, where there is one, is the last. */
function waysOf(run) {
  const { folder, picture, bestStep } = runs[run];
  const steps = folder ? (data.steps[runs[run].steps] ?? []) : [];
  const ways = steps.map((step) => ({
    step,
    src: `${folder}images/step_${String(step).padStart(5, '0')}.png`,
    words: `step ${step}`,
  }));
  // Of a run that goes on, or was cut off, the last picture is one on the way.
  if (!picture || ways.some(({ src }) => src === picture)) return ways;
  if (ways.length && ways.at(-1).step === bestStep) ways.pop(); // it is the result
  const best = bestStep === null ? '' : `: step ${bestStep}`;
  return [...ways, { step: null, src: picture, words: `result${best}` }];
}

/** The place of the wanted step, or of the last one before it. */
function placeOfStep(ways) {
  if (wantedStep === null) return ways.length - 1;
  const after = ways.findIndex(({ step }) => step === null || step > wantedStep);
  return after < 0 ? ways.length - 1 : Math.max(0, after - 1);
}

function stepBy(by) {
  const ways = waysOf(viewedRun());
  toStep(clamp(placeOfStep(ways) + by, 0, ways.length - 1));
}

function toStep(at) {
  const ways = waysOf(viewedRun());
  wantedStep = at === ways.length - 1 ? null : (ways[at]?.step ?? null);
  drawPlace();
}

/** The picture of the run at the wanted step, with the slider in line. */
function drawPlace() {
  const run = viewedRun();
  const ways = waysOf(run);
  const at = placeOfStep(ways);
  const words = ways[at]?.words ?? 'no picture';
  const slider = byId('viewer-step');
  slider.max = Math.max(0, ways.length - 1);
  slider.value = at;
  slider.disabled = ways.length < 2;
  slider.setAttribute('aria-valuetext', words);
  byId('viewer-step-said').textContent = words;
  const { status } = runs[run];
  const ended = status === 'finished' ? '' : `, ${status}`;
  sayOver(ways[at]?.step === null ? '' : `${words}${ended}`);
  showFull(
    byId('viewer-image'),
    run,
    `Run ${short(runs[run].name, 80)}, ${words}: ${settings(run)}`,
    {
      src: ways[at]?.src ?? null,
      missing: () => sayOver(`The picture’s file (${words}) is missing: this is the thumbnail`),
    },
  );
}

/** A word on the picture, where it isn't the one that one expects. */
function sayOver(words) {
  byId('viewer-word').dataset.under = words;
  if (holding === null) byId('viewer-word').textContent = words;
}

/** What is shown while something is held, as [source, larger source, words] of each picture. */
function heldPictures(what) {
  const run = viewedRun();
  if (what !== 'reference')
    return runs[run][what].map((at) => {
      const { src, large, title } = data.sources[what][at];
      return [src, large, `${what === 'content' ? 'Content' : 'Style'}: ${short(title, 120)}`];
    });
  const other = referenceRun();
  if (other === null || other === run) return [];
  const { thumbnail: small, picture, name } = runs[other];
  return [[small, picture, `Reference: run ${short(name, 60)}`]];
}

function hold(what) {
  const pictures = heldPictures(what).filter(([small, large]) => small || large);
  if (holding === what || !pictures.length) return;
  holding = what;
  const words = pictures.map(([, , one]) => one);
  // Content and reference lie on the picture, point by point; a style image has another shape.
  const onPicture = what !== 'style';
  const holder = onPicture ? byId('viewer-frame') : byId('viewer-held');
  dropHeld();
  const images = pictures.map(([small, large, alt], at) => {
    const image = el('img', { class: 'held', alt, draggable: 'false' });
    const thumbnailOnly = () => {
      words[at] += ', its thumbnail';
      if (holding === what) byId('viewer-word').textContent = words.join(' · ');
    };
    image.onerror = () => {
      image.onerror = null;
      thumbnailOnly();
      if (small) image.src = small;
    };
    if (!large) thumbnailOnly();
    image.src = large ?? small;
    return image;
  });
  holder.append(...images);
  byId('viewer-held').hidden = onPicture;
  byId('viewer-word').textContent = words.join(' · ');
  drawHolds();
}

function dropHeld() {
  for (const old of byId('viewer').querySelectorAll('img.held')) old.remove();
  byId('viewer-held').hidden = true;
}

function release() {
  if (holding === null) return;
  holding = null;
  dropHeld();
  byId('viewer-word').textContent = byId('viewer-word').dataset.under ?? '';
  drawHolds();
}

const HOLD_KEYS = { o: 'content', s: 'style', r: 'reference' };

/** Take a key that is held down; what it shows goes with it. */
function holdKey(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return false;
  const what = HOLD_KEYS[event.key.toLowerCase()];
  if (!what) return false;
  event.preventDefault();
  if (!event.repeat) hold(what);
  return true;
}

/** The buttons of what can be held, and which one is. */
function drawHolds() {
  for (const button of byId('viewer-holds').children) {
    const what = button.dataset.hold;
    button.setAttribute('aria-pressed', holding === what);
    button.disabled = !heldPictures(what).some(([small, large]) => small || large);
  }
}

function startHolds() {
  const dialog = byId('viewer');
  dialog.addEventListener('keyup', (event) => {
    if (HOLD_KEYS[event.key.toLowerCase()] === holding || [' ', 'Enter'].includes(event.key))
      release();
  });
  window.addEventListener('blur', release);
  for (const button of byId('viewer-holds').children) {
    const what = button.dataset.hold;
    button.addEventListener('pointerdown', (event) => {
      button.setPointerCapture(event.pointerId);
      hold(what);
    });
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture'])
      button.addEventListener(end, release);
    button.addEventListener('keydown', (event) => {
      if (![' ', 'Enter'].includes(event.key)) return;
      event.preventDefault();
      if (!event.repeat) hold(what);
    });
    button.addEventListener('click', (event) => {
      if (event.detail > 0) return; // else a screen reader's, which can't hold it
      if (holding === what) release();
      else hold(what);
    });
    button.addEventListener('contextmenu', (event) => event.preventDefault()); // of a long touch
  }
}

function startSteps() {
  byId('viewer-step').addEventListener('input', (event) => toStep(Number(event.target.value)));
}
