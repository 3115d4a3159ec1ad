/** Who listens to what. A listener's mistake is reported as such and stops nothing here. */

export class Listeners {
  /** @type {Map<string, Set<(...told: any[]) => void>>} */
  #listeners = new Map();

  /**
   * @param {string} what
   * @param {(...told: any[]) => void} listener
   * @returns {() => void} stops it
   */
  on(what, listener) {
    const listeners = this.#listeners.get(what) ?? new Set();
    this.#listeners.set(what, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /**
   * @param {string} what
   * @param {any[]} told
   */
  tell(what, ...told) {
    for (const listener of this.#listeners.get(what) ?? []) guarded(listener, ...told);
  }
}

/**
 * Call what is not ours.
 * @param {((...told: any[]) => void) | null | undefined} listener
 * @param {any[]} told
 */
export function guarded(listener, ...told) {
  try {
    listener?.(...told);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
