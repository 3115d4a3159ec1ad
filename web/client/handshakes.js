/**
 * How many handshakes of a page are pending at a time. Chromium delays each one by 1 to 5 seconds
 * once about 16 are pending, so a page with many channels is live sooner if it opens a few at a time.
 */
export class Handshakes {
  #free;
  /** @type {Set<() => void>} the first to come is the first to begin */
  #waiting = new Set();

  /** @param {number} most */
  constructor(most) {
    this.#free = most;
  }

  /**
   * Whether a handshake may begin now; otherwise `begin` is called as soon as it may.
   * @param {() => void} begin
   */
  enter(begin) {
    if (this.#free === 0) {
      this.#waiting.add(begin);
      return false;
    }
    this.#free -= 1;
    return true;
  }

  /**
   * A handshake has ended, or need not begin any more.
   * @param {() => void} begin as it was given to `enter`
   */
  leave(begin) {
    if (this.#waiting.delete(begin)) return;
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
    } else {
      this.#waiting.delete(next);
      next();
    }
  }
}
