/**
 * The service's time: the `Date` of its responses, advanced by a monotonic clock. The machine's own clock
 * may be wrong by hours.
 */

/** Milliseconds by which a response may differ: `Date` has whole seconds, and the network takes a while. */
const TOLERANCE = 2_000;

export class Clock {
  /** @type {number | null} the service's time when `#readAt` was read */
  #time = null;
  #readAt = 0;
  #steady;

  /** @param {() => number} steady milliseconds since some moment */
  constructor(steady = () => performance.now()) {
    this.#steady = steady;
  }

  /** The service's time; null while it is unknown. */
  get now() {
    return this.#time === null ? null : new Date(this.#time + this.#steady() - this.#readAt);
  }

  /** The moment at which a request is sent, for `read`. */
  start() {
    return this.#steady();
  }

  /**
   * Read the time of a response that has just arrived.
   * @param {string | null} date the header; null if there is none, or if the page may not read it
   * @param {number} sentAt the result of `start`
   */
  read(date, sentAt) {
    const received = this.#steady();
    const halfway = (received - sentAt) / 2;
    const time = Date.parse(date ?? '') + 500 + halfway;
    if (Number.isNaN(time)) return;
    if (this.#time !== null && Math.abs(Number(this.now) - time) <= TOLERANCE + halfway) return;
    this.#time = time;
    this.#readAt = received;
  }
}
