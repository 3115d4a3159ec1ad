/**
 * The second tap of a double tap must not press what the first one has brought under the finger: a
 * closed dialog uncovers a button, a row that is done gives its place to the next one.
 */

const DOUBLE_MS = 400;
const NEAR_PX = 24;
const PRESSED = 'button, a, input, select, textarea, label, summary, [role=button]';

/** Swallow such taps from now on; the first of `clicks` on anything is never swallowed. */
export function guardDoubleTaps() {
  let last = { at: -Infinity, x: 0, y: 0, pressed: null };
  addEventListener('click', (event) => {
    if (!event.isTrusted || event.detail === 0) return; // a key, or the page itself
    const { timeStamp: at, clientX: x, clientY: y } = event;
    const pressed = pressedBy(event.target);
    const isSecond = at - last.at < DOUBLE_MS && Math.hypot(x - last.x, y - last.y) < NEAR_PX;
    if (isSecond && last.pressed !== null && pressed !== last.pressed) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    last = { at, x, y, pressed };
  }, { capture: true });
}

/** What a click presses: a label presses its field, which then gets a click of its own. */
function pressedBy(target) {
  const found = target instanceof Element ? target.closest(PRESSED) : null;
  return found instanceof HTMLLabelElement ? (found.control ?? found) : found;
}
