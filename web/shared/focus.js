/**
 * Where the focus goes when the element that had it disappears, such as a button that was pressed: to the
 * nearest element around it that is still there. Browsers drop it, and the next Tab begins at the top.
 */

/** Keep the focus near from now on. */
export function keepFocusNear() {
  /** The focused element and all around it. @type {Element[]} */
  let path = [];
  addEventListener('focusin', ({ target }) => {
    path = [];
    for (let each = /** @type {Element | null} */ (target); each; each = each.parentElement) path.push(each);
  });
  addEventListener('focusout', ({ target }) => {
    setTimeout(() => { // some browsers say so while they remove the element
      if (/** @type {Element} */ (target).isConnected && target === path[0]) path = [];
    });
  });
  new MutationObserver(() => {
    const [focused] = path;
    if (!focused || focused.isConnected || document.activeElement !== document.body) return;
    const near = path.find((each) => each.isConnected && each !== document.body && each.parentElement !== document.body);
    focusOn(near ?? document.querySelector('main'));
  }).observe(document.body, { childList: true, subtree: true });
}

/** Focus an element that need not be one to press. @param {Element | null} element */
export function focusOn(element) {
  if (!(element instanceof HTMLElement)) return;
  if (element.tabIndex < 0 && !element.hasAttribute('tabindex')) element.tabIndex = -1;
  element.focus({ preventScroll: true });
}
