/**
 * The bars that stay at the edges of the screen. Names wrap and text grows, so their heights are
 * measured: `--header`, `--chips` and `--foot` on the root element are what they cover, for
 * `scroll-padding` and for what is placed beside them. Bars that together would cover too much of a
 * low window, or of one with large text, scroll with the page: `data-loose` names them.
 */

import { useCallback, useRef } from '../vendor/preact-htm.js';

/** The bars that stay longest come first. */
const BARS = ['foot', 'chips', 'header'];
/** The share of the window's height that the bars may cover. */
const MOST = 0.4;

const heights = new Map();

/** A `ref` for the element that is the bar of that name. */
export function useBar(name) {
  const stop = useRef(null);
  return useCallback((element) => {
    stop.current?.();
    stop.current = element && watched(element, name);
  }, [name]);
}

function watched(element, name) {
  const measure = () => {
    heights.set(name, element.offsetHeight);
    fit();
  };
  const observer = new ResizeObserver(measure);
  observer.observe(element, { box: 'border-box' });
  return () => {
    observer.disconnect();
    heights.delete(name);
    fit();
  };
}

function fit() {
  const root = document.documentElement;
  const loose = [];
  let covered = 0;
  for (const name of BARS) {
    const height = heights.get(name) ?? 0;
    const stays = covered + height <= innerHeight * MOST;
    if (stays) covered += height;
    else loose.push(name);
    root.style.setProperty(`--${name}`, `${stays ? height : 0}px`);
  }
  root.dataset.loose = loose.join(' ');
}

addEventListener('resize', fit);

/** Scroll to an element: gliding, except for people who asked for less motion. */
export function scrollToElement(element) {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  element.scrollIntoView({ behavior: still ? 'auto' : 'smooth' });
}
