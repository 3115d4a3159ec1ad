/** Delays between retries: growing and random, so that clients do not retry in step. */

export class Backoff {
  #attempt = 0;
  #first;
  #longest;
  #random;

  /** Times are milliseconds. */
  constructor({ first = 500, longest = 10_000, random = Math.random } = {}) {
    this.#first = first;
    this.#longest = longest;
    this.#random = random;
  }

  get longest() {
    return this.#longest;
  }

  /**
   * The next delay: `minimum`, and anything up to a bound that doubles each time.
   * @param {number} [minimum]
   */
  next(minimum = 0) {
    const bound = Math.min(this.#longest, this.#first * 2 ** this.#attempt);
    this.#attempt += 1;
    return minimum + this.#random() * bound;
  }

  reset() {
    this.#attempt = 0;
  }
}
