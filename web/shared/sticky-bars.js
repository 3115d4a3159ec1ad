/**
 * Bars that stick to the edges of the window. Their heights depend on wrapping and text size, so they are
 * measured and set as `--header`, `--chips` and `--foot` on the root element, for `scroll-padding` and positions.
 * If the bars together would cover too much of the window, the last ones scroll with the page instead:
 * `data-unstuck` on the root element names them.
 */

import { useCallback, useRef } from '../vendor/preact-htm.js';

/** By priority: the first ones stick longest. */
const BARS = ['foot', 'chips', 'header'];
/** The share of the window's height that sticky bars may cover. */
const MAX_COVERED = 0.4;

const heights = new Map();

/** A `ref` for the element of the bar with this name. */
export function useStickyBar(name) {
  const unobserve = useRef(null);
  return useCallback((element) => {
    unobserve.current?.();
    unobserve.current = element && observe(element, name);
  }, [name]);
}

function observe(element, name) {
  const observer = new ResizeObserver(() => {
    heights.set(name, element.offsetHeight);
    layOut();
  });
  observer.observe(element, { box: 'border-box' });
  return () => {
    observer.disconnect();
    heights.delete(name);
    layOut();
  };
}

function layOut() {
  const root = document.documentElement;
  const unstuck = [];
  let covered = 0;
  for (const name of BARS) {
    const height = heights.get(name) ?? 0;
    const isSticky = covered + height <= innerHeight * MAX_COVERED;
    if (isSticky) covered += height;
    else unstuck.push(name);
    root.style.setProperty(`--${name}`, `${isSticky ? height : 0}px`);
  }
  root.dataset.unstuck = unstuck.join(' ');
}

addEventListener('resize', layOut);

/** Scroll to an element, smoothly unless the user prefers reduced motion. */
export function scrollToElement(element) {
  const prefersReducedMotion = matchMedia('(prefers-reduced-motion: reduce)').matches;
  element.scrollIntoView({ behavior: prefersReducedMotion ? 'auto' : 'smooth' });
}
