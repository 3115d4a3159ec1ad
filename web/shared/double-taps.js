/**
 * Ignores the second tap of a double tap. The first tap may have put another control under the finger: closing a
 * dialog uncovers a button, a finished row makes room for the next one, "Confirm" becomes "All ready". Controls
 * that are meant to be tapped fast, such as a stepper's "+", have the attribute `data-repeat`.
 */

const DOUBLE_MS = 400;
const NEAR_PX = 24;
const PRESSABLE = 'button, a, input, select, textarea, label, summary, [role=button]';

/** Install the listeners; called once per page. Clicks by keyboard and by scripts are never ignored. */
export function ignoreDoubleTaps() {
  let last = { at: -Infinity, x: 0, y: 0, control: null };
  let isTap = false; // false for the click that a label's click causes on its field
  addEventListener('pointerdown', () => { isTap = true; }, { capture: true });
  addEventListener('click', (event) => {
    if (!isTap || !event.isTrusted || event.detail === 0) return;
    isTap = false;
    const { timeStamp: at, clientX: x, clientY: y } = event;
    const control = controlOf(event.target);
    const isSecond = at - last.at < DOUBLE_MS && Math.hypot(x - last.x, y - last.y) < NEAR_PX;
    const isRepeat = control !== null && control === last.control && control.hasAttribute('data-repeat');
    if (isSecond && last.control !== null && !isRepeat) {
      event.preventDefault();
      event.stopImmediatePropagation();
      last = { ...last, at }; // a third tap in a row is ignored, too
      return;
    }
    last = { at, x, y, control };
  }, { capture: true });
}

/** The control that a click activates, or null. A click on a dialog's backdrop activates the dialog: it closes. */
function controlOf(target) {
  if (target instanceof HTMLDialogElement) return target;
  return target instanceof Element ? target.closest(PRESSABLE) : null;
}
