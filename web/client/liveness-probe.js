/**
 * Detects a lost network early by probing only one channel: after a silence on all channels, it probes the one with
 * the shortest snapshot, and without a reply all of them. It is inactive while the page is hidden; when the page
 * becomes visible again, every channel is probed. The options `pulse` and `pulseTimeout` configure it.
 */
export class LivenessProbe {
  #probedAt = 0;
  #channels;
  #silence;
  #timeout;
  #timer;

  /**
   * Times are milliseconds.
   * @param {() => import('./channel.js').Channel[]} channels
   * @param {{silence: number, timeout: number}} options
   */
  constructor(channels, { silence, timeout }) {
    this.#channels = channels;
    this.#silence = silence;
    this.#timeout = timeout;
    this.#timer = setInterval(() => this.#check(), silence / 5);
  }

  stop() {
    clearInterval(this.#timer);
  }

  #check() {
    const live = this.#channels().filter(({ status }) => status.state === 'live');
    const lastMessageAt = Math.max(...live.map((channel) => channel.lastMessageAt));
    const now = Date.now();
    const isHidden = globalThis.document?.visibilityState === 'hidden';
    if (isHidden || live.length === 0 || now - lastMessageAt < this.#silence) {
      this.#probedAt = 0;
    } else if (this.#probedAt <= lastMessageAt) { // none, or answered: timers of a hidden page run rarely
      this.#probedAt = now;
      live.reduce((a, b) => (a.size <= b.size ? a : b)).probe(this.#timeout);
    } else if (now - this.#probedAt >= this.#timeout) {
      this.#probedAt = 0;
      for (const channel of live) channel.wake();
    }
  }
}
