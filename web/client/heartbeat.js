/**
 * Detects dead connections. A page cannot send WebSocket pings, so after a silence it sends a probe,
 * which the service always answers.
 */

export class Heartbeat {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #deadline = Infinity;
  #isProbing = false;
  #silence;
  #timeout;
  #sendProbe;
  #onDead;

  /** When the last message arrived, in milliseconds. */
  lastMessageAt = Date.now();

  /**
   * Times are milliseconds.
   * @param {{silence: number, timeout: number, sendProbe: () => void, onDead: () => void}} options
   */
  constructor({ silence, timeout, sendProbe, onDead }) {
    this.#silence = silence;
    this.#timeout = timeout;
    this.#sendProbe = sendProbe;
    this.#onDead = onDead;
  }

  /** Whether the silence is longer than possible unless the machine was asleep. */
  get isOverdue() {
    return Date.now() - this.lastMessageAt > this.#silence + this.#timeout;
  }

  /** A message has arrived. After a probe only its reply counts, because the rest may be old. */
  onMessage() {
    if (this.#isProbing) return;
    if (this.isOverdue) this.probe();
    else this.onReply();
  }

  /** The probe is answered. */
  onReply() {
    this.stop();
    this.lastMessageAt = Date.now();
    this.#timer = setTimeout(() => this.probe(), this.#silence);
  }

  /** Probe now; the reply must arrive `within` that time. */
  probe(within = this.#timeout) {
    this.expect(within);
    this.#isProbing = true;
    this.#sendProbe();
  }

  /** A message must arrive `within` that time, or the connection is dead. */
  expect(within = this.#timeout) {
    const deadline = Date.now() + within;
    if (deadline >= this.#deadline) return;
    clearTimeout(this.#timer);
    this.#deadline = deadline;
    this.#timer = setTimeout(() => this.#onDead(), within);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#deadline = Infinity;
    this.#isProbing = false;
  }
}
