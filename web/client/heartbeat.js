/**
 * Tells whether a connection is alive. A page cannot send WebSocket pings, so after a silence it
 * asks something that is always answered.
 */

export class Heartbeat {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #deadline = Infinity;
  #asked = false;
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

  /** Whether the silence is longer than a machine that is awake lets it be. */
  get overslept() {
    return Date.now() - this.heardAt > this.#silence + this.#patience;
  }

  /** Something has arrived; after a question only its answer counts, the rest may be old. */
  heard() {
    if (this.#asked) return;
    if (this.overslept) this.ask();
    else this.#alive();
  }

  /** What was asked is answered. */
  answered() {
    this.#alive();
  }

  /** Ask now; the answer must come `within` that time. */
  ask(within = this.#patience) {
    this.expect(within);
    this.#asked = true;
    this.#probe();
  }

  /** Something must arrive `within` that time, or the connection is dead. */
  expect(within = this.#patience) {
    const deadline = Date.now() + within;
    if (deadline >= this.#deadline) return;
    clearTimeout(this.#timer);
    this.#deadline = deadline;
    this.#timer = setTimeout(() => this.#dead(), within);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#deadline = Infinity;
    this.#asked = false;
  }

  #alive() {
    this.stop();
    this.heardAt = Date.now();
    this.#timer = setTimeout(() => this.ask(), this.#silence);
  }
}
