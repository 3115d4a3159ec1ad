/**
 * Notices soon that the network is gone, at the cost of one channel: after a silence on all channels, it probes
 * the one with the shortest snapshot. Without an answer, it probes all of them. It does nothing while the page is
 * hidden; when the page is shown again, every channel is probed.
 */
export class Pulse {
  #askedAt = 0;
  #channels;
  #silence;
  #patience;
  #timer;

  /**
   * Times are milliseconds.
   * @param {() => import('./channel.js').Channel[]} channels
   * @param {{silence: number, patience: number}} how
   */
  constructor(channels, { silence, patience }) {
    this.#channels = channels;
    this.#silence = silence;
    this.#patience = patience;
    this.#timer = setInterval(() => this.#look(), silence / 5);
  }

  stop() {
    clearInterval(this.#timer);
  }

  #look() {
    const live = this.#channels().filter(({ status }) => status.state === 'live');
    const heardAt = Math.max(...live.map((channel) => channel.heardAt));
    const now = Date.now();
    const isHidden = globalThis.document?.visibilityState === 'hidden';
    if (isHidden || live.length === 0 || now - heardAt < this.#silence) {
      this.#askedAt = 0;
    } else if (this.#askedAt <= heardAt) { // it was answered: a hidden page may look once a minute
      this.#askedAt = now;
      live.reduce((a, b) => (a.size <= b.size ? a : b)).ask(this.#patience);
    } else if (now - this.#askedAt >= this.#patience) {
      this.#askedAt = 0;
      for (const channel of live) channel.wake();
    }
  }
}
