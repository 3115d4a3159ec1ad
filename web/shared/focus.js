/**
 * Restores the focus when the focused element is removed, such as a button that was pressed: to its nearest
 * remaining ancestor. Browsers reset it to the body, so that the next Tab starts at the top of the page.
 */

/** Install the observers; called once per page. */
export function restoreLostFocus() {
  /** The focused element and its ancestors. @type {Element[]} */
  let path = [];
  addEventListener('focusin', ({ target }) => {
    path = [];
    for (let element = /** @type {Element | null} */ (target); element; element = element.parentElement) path.push(element);
  });
  addEventListener('focusout', ({ target }) => {
    setTimeout(() => { // some browsers fire this event while they remove the element
      if (/** @type {Element} */ (target).isConnected && target === path[0]) path = [];
    });
  });
  new MutationObserver(() => {
    const [focused] = path;
    if (!focused || focused.isConnected || document.activeElement !== document.body) return;
    const ancestor = path.find((each) => each.isConnected && each !== document.body && each.parentElement !== document.body);
    focusElement(ancestor ?? document.querySelector('main'));
  }).observe(document.body, { childList: true, subtree: true });
}

/** Focus an element even if it is not interactive, by giving it a `tabindex`. @param {Element | null} element */
export function focusElement(element) {
  if (!(element instanceof HTMLElement)) return;
  if (element.tabIndex < 0 && !element.hasAttribute('tabindex')) element.tabIndex = -1;
  element.focus({ preventScroll: true });
}
