/**
 * Limits how many handshakes of a page are pending. Chromium delays each one by 1 to 5 seconds
 * once about 16 are pending, so a page with many channels is live sooner if it opens a few at a time.
 */
export class Handshakes {
  #limit;
  /** @type {Set<() => void>} */
  #pending = new Set();
  /** @type {Set<() => void>} in the order in which they begin */
  #waiting = new Set();

  /** @param {number} limit */
  constructor(limit) {
    this.#limit = limit;
  }

  /**
   * Returns whether a handshake may begin now. If not, `begin` is called once it may.
   * @param {() => void} begin
   */
  enter(begin) {
    const mayBegin = this.#pending.size < this.#limit;
    (mayBegin ? this.#pending : this.#waiting).add(begin);
    return mayBegin;
  }

  /**
   * A handshake has ended or is cancelled. Does nothing if it is not registered.
   * @param {() => void} begin as it was passed to `enter`
   */
  leave(begin) {
    if (this.#waiting.delete(begin) || !this.#pending.delete(begin)) return;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#pending.add(next);
    next();
  }
}
