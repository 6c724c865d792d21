// Commands to copy.

/** Copy a text; where the browser refuses, select it for the reader to copy. */
async function copy(text, node, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren(node);
    // The old way, for browsers that give a file no clipboard.
    button.textContent = document.execCommand('copy') ? 'Copied' : 'Selected: press Ctrl+C';
  }
  setTimeout(() => (button.textContent = 'Copy'), 2500);
}

/** A command with a button that copies it. */
function commandRow(name, result, command) {
  const code = el('code', { text: command, tabindex: 0, 'aria-label': `${name}: ${command}` });
  const button = el('button', {
    type: 'button',
    class: 'quiet',
    'aria-label': `Copy: ${name}, ${result}`,
    text: 'Copy',
  });
  button.addEventListener('click', () => copy(command, code, button));
  return el(
    'div',
    { class: 'viewer-command' },
    el('p', {}, el('b', { text: name }), ` ${result}`),
    el('div', {}, code, button),
  );
}
