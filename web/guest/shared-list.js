/**
 * A list that all tabs of a browser share. Each entry has a key of its own in the browser's storage, so
 * no tab overwrites what another one has added or removed in the meantime.
 */

import { kept } from '../shared/app.js';

export class SharedList {
  #prefix;
  #idOf;

  /**
   * @param {string} name such as `basket-7`
   * @param {(value: any) => number | string} idOf what tells an entry from all others
   */
  constructor(name, idOf) {
    this.#prefix = `${name}-`;
    this.#idOf = idOf;
    this.#takeOver(name);
  }

  /** The oldest first. */
  get values() {
    return kept.keys(this.#prefix)
      .map((key) => kept.recall(key))
      .filter((entry) => entry !== null)
      .sort((a, b) => a.at - b.at)
      .map(({ value }) => value);
  }

  get(id) {
    return kept.recall(this.#prefix + id)?.value ?? null;
  }

  /** Add it, or replace the entry of the same id in its place. */
  put(value) {
    const key = this.#prefix + this.#idOf(value);
    const at = kept.recall(key)?.at ?? Date.now() + this.#later();
    kept.remember(key, { at, value });
  }

  /** Whether it was there. */
  remove(id) {
    const isThere = this.get(id) !== null;
    kept.forget(this.#prefix + id);
    return isThere;
  }

  clear() {
    for (const key of kept.keys(this.#prefix)) kept.forget(key);
  }

  /** What came in the same millisecond keeps its order. */
  #later() {
    return kept.keys(this.#prefix).length / 1_000;
  }

  /** Before, a list was one entry of the storage. */
  #takeOver(name) {
    const values = kept.recall(name);
    if (!Array.isArray(values)) return;
    for (const value of values) this.put(value);
    kept.forget(name);
  }
}
