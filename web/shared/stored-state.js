/** State of a component that this device stores. */

import { useCallback, useState } from '../vendor/preact-htm.js';
import { recall, remember } from './storage.js';

/**
 * `[value, setValue]`, where `setValue` takes a value or a function of the current one. A change is stored
 * when it is set, not after it is drawn: a reload in between must not lose it.
 * @template T
 * @param {string} key
 * @param {T} initial
 * @returns {[T, (change: T | ((value: T) => T)) => void]}
 */
export function useStored(key, initial) {
  const [value, setValue] = useState(() => recall(key, initial));
  const set = useCallback((change) => {
    const next = change instanceof Function ? change(recall(key, initial)) : change;
    remember(key, next);
    setValue(next);
  }, [key]);
  return [value, set];
}
