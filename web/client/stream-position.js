/**
 * The position in a channel's stream: each event once, in order, none missing. Pure.
 *
 * A frame with an epoch is a snapshot. The first one begins the numbering, one that comes instead of
 * a resume restarts it, and any other is the reply to a `get_*` action.
 */

/** @typedef {'snapshot' | 'query_reply' | 'event' | 'duplicate' | 'gap'} FrameKind */

export class StreamPosition {
  /** @type {string | null} */
  epoch = null;
  /** @type {number | null} */
  last = null;

  /** The query string that resumes after the last event. */
  get resume() {
    if (this.last === null) return '';
    return `?since=${this.last}&epoch=${encodeURIComponent(String(this.epoch))}`;
  }

  /**
   * Advance to a frame; returns how to handle it. `gap` means that the channel must be resumed first.
   * @param {{seq?: number, epoch?: string, data?: any}} frame
   * @returns {FrameKind}
   */
  take({ seq, epoch, data }) {
    if (typeof seq !== 'number') return 'gap';
    if (epoch !== undefined) return this.#snapshot(seq, epoch, data?.resumed === false);
    if (this.last === null || seq > this.last + 1) return 'gap';
    if (seq <= this.last) return 'duplicate';
    this.last = seq;
    return 'event';
  }

  /**
   * @param {number} seq
   * @param {string} epoch
   * @param {boolean} insteadOfResume
   * @returns {FrameKind}
   */
  #snapshot(seq, epoch, insteadOfResume) {
    if (this.last === null || insteadOfResume) {
      this.epoch = epoch;
      this.last = seq;
      return 'snapshot';
    }
    return epoch === this.epoch ? 'query_reply' : 'gap';
  }
}
