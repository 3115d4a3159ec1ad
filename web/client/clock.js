/**
 * The service's time: the `Date` of its responses, advanced by a monotonic clock. The machine's own clock
 * may be wrong by hours.
 */

/** Milliseconds by which a response may differ: `Date` has whole seconds, and the network adds a delay. */
const TOLERANCE = 2_000;

export class Clock {
  /** @type {number | null} the service's time when `#readAt` was read */
  #time = null;
  #readAt = 0;
  #monotonic;

  /** @param {() => number} monotonic milliseconds from a fixed start */
  constructor(monotonic = () => performance.now()) {
    this.#monotonic = monotonic;
  }

  /** The service's time; null while it is unknown. */
  get now() {
    return this.#time === null ? null : new Date(this.#time + this.#monotonic() - this.#readAt);
  }

  /** The time at which a request is sent, for `read`; not a wall-clock time. */
  start() {
    return this.#monotonic();
  }

  /**
   * Read the time of a response that has just arrived.
   * @param {string | null} date the header; null if there is none, or if the page may not read it
   * @param {number} sentAt the result of `start`
   */
  read(date, sentAt) {
    const received = this.#monotonic();
    const halfway = (received - sentAt) / 2;
    const time = Date.parse(date ?? '') + 500 + halfway;
    if (Number.isNaN(time)) return;
    if (this.#time !== null && Math.abs(Number(this.now) - time) <= TOLERANCE + halfway) return;
    this.#time = time;
    this.#readAt = received;
  }
}
