/**
 * Ignores the second tap of a double tap, wherever the first one has brought it: a closed dialog uncovers
 * a button, a finished row gives its place to the next one, "Confirm" becomes "All ready". A control that
 * is meant to be tapped fast, such as a stepper's "+", has the attribute `data-repeat`.
 */

const DOUBLE_MS = 400;
const NEAR_PX = 24;
const PRESSED = 'button, a, input, select, textarea, label, summary, [role=button]';

/** Ignore second taps from now on. Clicks by keys and by scripts are never ignored. */
export function guardDoubleTaps() {
  let last = { at: -Infinity, x: 0, y: 0, pressed: null };
  let isTap = false; // a label's click is followed by a click of its field, which no pointer has made
  addEventListener('pointerdown', () => { isTap = true; }, { capture: true });
  addEventListener('click', (event) => {
    if (!isTap || !event.isTrusted || event.detail === 0) return;
    isTap = false;
    const { timeStamp: at, clientX: x, clientY: y } = event;
    const pressed = pressedBy(event.target);
    const isSecond = at - last.at < DOUBLE_MS && Math.hypot(x - last.x, y - last.y) < NEAR_PX;
    const isRepeat = pressed !== null && pressed === last.pressed && pressed.hasAttribute('data-repeat');
    if (isSecond && last.pressed !== null && !isRepeat) {
      event.preventDefault();
      event.stopImmediatePropagation();
      last = { ...last, at }; // a third tap is no new decision either
      return;
    }
    last = { at, x, y, pressed };
  }, { capture: true });
}

/** What a click presses, or null; a dialog itself is pressed beside its content, which closes it. */
function pressedBy(target) {
  if (target instanceof HTMLDialogElement) return target;
  return target instanceof Element ? target.closest(PRESSED) : null;
}
