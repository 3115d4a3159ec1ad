/** A minimal event emitter for one kind of event. */
export class Emitter {
  #listeners = new Set();

  /** Add a listener; returns a function that removes it. */
  on(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(...args) {
    for (const listener of [...this.#listeners]) listener(...args);
  }
}
