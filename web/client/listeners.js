/** Listeners by type of message. An error in a listener is reported, and stops nothing here. */

export class Listeners {
  /** @type {Map<string, Set<(...args: any[]) => void>>} */
  #listeners = new Map();

  /**
   * @param {string} type
   * @param {(...args: any[]) => void} listener
   * @returns {() => void} removes it
   */
  on(type, listener) {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /**
   * @param {string} type
   * @param {any[]} args
   */
  emit(type, ...args) {
    for (const listener of this.#listeners.get(type) ?? []) callListener(listener, ...args);
  }
}

/**
 * Call a function of the client's user; its error is thrown later, from a microtask.
 * @param {((...args: any[]) => void) | null | undefined} listener
 * @param {any[]} args
 */
export function callListener(listener, ...args) {
  try {
    listener?.(...args);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
