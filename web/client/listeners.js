/** Listeners by message type. An error in a listener is reported and does not affect other listeners. */

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
 * Call a function of the application. If it throws, the error is rethrown in a microtask.
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
