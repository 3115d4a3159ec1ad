/** Component state that the browser stores. */

import { useCallback, useState } from '../vendor/preact-htm.js';
import { storage } from './storage.js';

/**
 * `useState` for a stored value; null removes it. The setter stores before it renders: an effect would run after
 * the paint, so that a reload in between would lose a value which the user has already seen. An update function
 * gets the stored value, which another tab may have changed.
 * @param {string} key
 * @param {any} [initial] the value if none is stored
 * @param {typeof storage} [target]
 * @returns {[any, (next: any) => void]} the value and its setter, which stays the same
 */
export function useStoredState(key, initial = null, target = storage) {
  const [value, setValue] = useState(() => target.get(key, initial));
  const setStored = useCallback((change) => {
    const next = change instanceof Function ? change(target.get(key, initial)) : change;
    if (next === null) target.remove(key);
    else target.set(key, next);
    setValue(next);
  }, [key]);
  return [value, setStored];
}
