/**
 * JSON values in the browser's storage. If the browser rejects a write (storage is blocked or full), the
 * value is kept in memory until the page is closed.
 */

const PREFIX = 'restaurant-qr-';

class JsonStorage {
  /** Values that the browser did not store, as JSON. @type {Map<string, string>} */
  #memory = new Map();
  #name;

  /** @param {'localStorage' | 'sessionStorage'} name */
  constructor(name) {
    this.#name = name;
  }

  set(key, value) {
    const text = JSON.stringify(value);
    try {
      this.#storage.setItem(PREFIX + key, text);
      this.#memory.delete(key);
    } catch {
      this.#memory.set(key, text);
    }
  }

  /** The stored value, or `fallback` if there is none or it is not JSON. */
  get(key, fallback = null) {
    try {
      const text = this.getText(key);
      return text === null ? fallback : JSON.parse(text);
    } catch {
      return fallback;
    }
  }

  /** The stored text, unparsed; null if there is none. @returns {string | null} */
  getText(key) {
    try {
      return this.#memory.get(key) ?? this.#storage.getItem(PREFIX + key);
    } catch {
      return null;
    }
  }

  remove(key) {
    this.#memory.delete(key);
    try {
      this.#storage.removeItem(PREFIX + key);
    } catch {
      // storage is blocked: nothing is stored there
    }
  }

  /** The keys that start with `prefix`. */
  keys(prefix) {
    const keys = new Set(this.#memory.keys());
    try {
      const { length } = this.#storage;
      for (let index = 0; index < length; index += 1) {
        const key = this.#storage.key(index) ?? '';
        if (key.startsWith(PREFIX)) keys.add(key.slice(PREFIX.length));
      }
    } catch {
      // storage is blocked: nothing is stored there
    }
    return [...keys].filter((key) => key.startsWith(prefix));
  }

  /** A getter, because even reading the property throws if cookies are blocked. */
  get #storage() {
    return globalThis[this.#name];
  }
}

/** Shared by all tabs, until the user clears the browser's data. */
export const storage = new JsonStorage('localStorage');
/** For this tab only. */
export const tabStorage = new JsonStorage('sessionStorage');

/**
 * Call `listener` when another tab stores or removes a value.
 * @param {() => void} listener
 * @returns {() => void} removes the listener
 */
export function onStorageChange(listener) {
  const onStorage = ({ key }) => (key === null || key.startsWith(PREFIX)) && listener();
  addEventListener('storage', onStorage);
  return () => removeEventListener('storage', onStorage);
}
