/**
 * Where a channel stands: each event once, in order, none missing. Pure.
 *
 * A frame with an epoch is a snapshot. The first one begins the numbering, one that comes in place
 * of a resume begins it anew, and any other is the answer to a `get_*` action.
 */

/** @typedef {'snapshot' | 'look' | 'event' | 'seen' | 'gap'} Heard */

export class Sequence {
  /** @type {string | null} */
  epoch = null;
  /** @type {number | null} */
  last = null;

  /** The query that asks for what was missed. */
  get resume() {
    if (this.last === null) return '';
    return `?since=${this.last}&epoch=${encodeURIComponent(String(this.epoch))}`;
  }

  /**
   * What a frame is; `gap` where the channel has to be resumed first.
   * @param {{seq?: number, epoch?: string, data?: any}} frame
   * @returns {Heard}
   */
  take({ seq, epoch, data }) {
    if (typeof seq !== 'number') return 'gap';
    if (epoch !== undefined) return this.#snapshot(seq, epoch, data?.resumed === false);
    if (this.last === null || seq > this.last + 1) return 'gap';
    if (seq <= this.last) return 'seen';
    this.last = seq;
    return 'event';
  }

  /**
   * @param {number} seq
   * @param {string} epoch
   * @param {boolean} insteadOfResume
   * @returns {Heard}
   */
  #snapshot(seq, epoch, insteadOfResume) {
    if (this.last === null || insteadOfResume) {
      this.epoch = epoch;
      this.last = seq;
      return 'snapshot';
    }
    return epoch === this.epoch ? 'look' : 'gap';
  }
}
