/**
 * Notices soon that the network is gone, at the cost of one channel: after a silence on all channels, it probes
 * the one with the shortest snapshot. Without a reply, it probes all of them. It does nothing while the page is
 * hidden; when the page is shown again, every channel is probed.
 */
export class Pulse {
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
    } else if (this.#probedAt <= lastMessageAt) { // answered: timers of a hidden page may run once a minute
      this.#probedAt = now;
      live.reduce((a, b) => (a.size <= b.size ? a : b)).probe(this.#timeout);
    } else if (now - this.#probedAt >= this.#timeout) {
      this.#probedAt = 0;
      for (const channel of live) channel.wake();
    }
  }
}
