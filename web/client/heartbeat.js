/**
 * Tells whether a connection is alive. A page cannot send WebSocket pings, so after a silence it
 * asks something that is always answered.
 */

export class Heartbeat {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #deadline = Infinity;
  #silence;
  #patience;
  #probe;
  #dead;

  /** When something was last heard, in milliseconds. */
  heardAt = Date.now();

  /**
   * Times are milliseconds.
   * @param {{silence: number, patience: number, probe: () => void, dead: () => void}} how
   */
  constructor({ silence, patience, probe, dead }) {
    this.#silence = silence;
    this.#patience = patience;
    this.#probe = probe;
    this.#dead = dead;
  }

  /** Something has arrived. */
  heard() {
    this.stop();
    this.heardAt = Date.now();
    this.#timer = setTimeout(() => this.ask(), this.#silence);
  }

  /** Ask now; something must arrive `within` that time. */
  ask(within = this.#patience) {
    this.expect(within);
    this.#probe();
  }

  /** Something must arrive `within` that time, or the connection is dead. */
  expect(within = this.#patience) {
    const deadline = Date.now() + within;
    if (deadline >= this.#deadline) return;
    this.stop();
    this.#deadline = deadline;
    this.#timer = setTimeout(() => this.#dead(), within);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#deadline = Infinity;
  }

  /** Whether the silence is longer than a machine that is awake lets it be. */
  get overslept() {
    return Date.now() - this.heardAt > this.#silence + this.#patience;
  }
}
