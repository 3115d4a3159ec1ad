/**
 * What a page keeps, as JSON: for all tabs of this browser, or for this tab. If the browser keeps
 * nothing, because its user blocks that or because there is no room, it is kept until the page ends.
 */

const PREFIX = 'restaurant-qr-';

class Kept {
  /** What the browser did not take. @type {Map<string, string>} */
  #memory = new Map();
  #name;

  /** @param {'localStorage' | 'sessionStorage'} name */
  constructor(name) {
    this.#name = name;
  }

  remember(key, value) {
    const text = JSON.stringify(value);
    try {
      this.#storage.setItem(PREFIX + key, text);
      this.#memory.delete(key);
    } catch {
      this.#memory.set(key, text);
    }
  }

  recall(key, otherwise = null) {
    try {
      const text = this.text(key);
      return text === null ? otherwise : JSON.parse(text);
    } catch {
      return otherwise;
    }
  }

  /** What is kept as it stands there; null if nothing is. @returns {string | null} */
  text(key) {
    try {
      return this.#memory.get(key) ?? this.#storage.getItem(PREFIX + key);
    } catch {
      return null;
    }
  }

  forget(key) {
    this.#memory.delete(key);
    try {
      this.#storage.removeItem(PREFIX + key);
    } catch {
      // nothing is kept there
    }
  }

  /** The keys that begin so. */
  keys(beginning) {
    const keys = new Set(this.#memory.keys());
    try {
      const { length } = this.#storage;
      for (let index = 0; index < length; index += 1) {
        const key = this.#storage.key(index) ?? '';
        if (key.startsWith(PREFIX)) keys.add(key.slice(PREFIX.length));
      }
    } catch {
      // nothing is kept there
    }
    return [...keys].filter((key) => key.startsWith(beginning));
  }

  /** Reading the property alone throws where cookies are blocked. */
  get #storage() {
    return globalThis[this.#name];
  }
}

/** For all tabs; gone when the user clears the browser's data. */
export const kept = new Kept('localStorage');
/** For this tab. */
export const tab = new Kept('sessionStorage');

export const remember = (key, value) => kept.remember(key, value);
export const recall = (key, otherwise = null) => kept.recall(key, otherwise);
export const forget = (key) => kept.forget(key);

/**
 * Call `changed` when another tab has remembered or forgotten something; returns what stops it.
 * @param {() => void} changed
 */
export function onRemembered(changed) {
  const heard = ({ key }) => (key === null || key.startsWith(PREFIX)) && changed();
  addEventListener('storage', heard);
  return () => removeEventListener('storage', heard);
}
