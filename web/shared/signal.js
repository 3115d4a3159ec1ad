/** Something that happens, for whoever wants to know. */
export class Signal {
  #listeners = new Set();

  /** Returns what stops it. */
  on(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(...told) {
    for (const listener of [...this.#listeners]) listener(...told);
  }
}
