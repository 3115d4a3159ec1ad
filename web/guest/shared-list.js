/**
 * A stored list that all tabs share. Each entry has its own key in the browser's storage, so that no tab overwrites
 * entries that another one has added or removed in the meantime.
 */

import { storage } from '../shared/app.js';

export class SharedList {
  #prefix;
  #idOf;

  /**
   * @param {string} name such as `basket-7`
   * @param {(value: any) => number | string} idOf the id of an entry
   */
  constructor(name, idOf) {
    this.#prefix = `${name}-`;
    this.#idOf = idOf;
    this.#migrate(name);
  }

  /** The entries, the oldest first. */
  get values() {
    return storage.keys(this.#prefix)
      .map((key) => storage.get(key))
      .filter((entry) => entry !== null)
      .sort((a, b) => a.at - b.at)
      .map(({ value }) => value);
  }

  get(id) {
    return storage.get(this.#prefix + id)?.value ?? null;
  }

  /** Add an entry, or replace the one with the same id in its place. */
  put(value) {
    const key = this.#prefix + this.#idOf(value);
    const at = storage.get(key)?.at ?? Date.now() + this.#tieBreak();
    storage.set(key, { at, value });
  }

  /** Remove an entry; returns whether there was one. */
  remove(id) {
    const existed = this.get(id) !== null;
    storage.remove(this.#prefix + id);
    return existed;
  }

  clear() {
    for (const key of storage.keys(this.#prefix)) storage.remove(key);
  }

  /** Keeps the order of entries that are added in the same millisecond. */
  #tieBreak() {
    return storage.keys(this.#prefix).length / 1_000;
  }

  /** Earlier releases stored the whole list under one key. */
  #migrate(name) {
    const values = storage.get(name);
    if (!Array.isArray(values)) return;
    for (const value of values) this.put(value);
    storage.remove(name);
  }
}
