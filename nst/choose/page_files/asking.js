// What the page asks of nst choose; its address, with the token in it, is that of the page.

/** A name for this tab, so that a reload finds the same pair. */
function browserName() {
  const made = () => [...crypto.getRandomValues(new Uint32Array(4))].join('-');
  try {
    sessionStorage.browser ??= made();
    return sessionStorage.browser;
  } catch {
    return made(); // a browser that keeps nothing
  }
}

const BROWSER = browserName();
const AGAIN = 1000; // milliseconds until a server that does not answer is asked again
const ENDED =
  'nst choose does not answer; perhaps it was ended. The votes before are safe. ' +
  'This page continues by itself once it answers.';
const ANEW = 'nst choose was started anew: open the address that it prints now. No vote is lost.';

class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/** Ask until there is an answer; `waiting` is called with a sentence while there is none. */
async function ask(what, fields, waiting) {
  for (;;) {
    let answer;
    try {
      answer = await fetch(what, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ browser: BROWSER, ...fields }),
      });
    } catch {
      waiting(ENDED);
      await new Promise((done) => setTimeout(done, AGAIN));
      continue;
    }
    if (answer.ok) return answer.json();
    throw new Refused(answer.status, answer.status === 403 ? ANEW : await answer.text());
  }
}
