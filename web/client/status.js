/** Sets the status of a channel and reports each change. */

/** @typedef {import('./index.js').Status} Status */

export class StatusTracker {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #staleTimer;
  #staleAfter;
  #onChange;

  /** @type {Status} */
  current = { state: 'connecting', since: new Date() };

  /**
   * @param {number} staleAfter milliseconds from `reconnecting` to `stale`
   * @param {(status: Status) => void} onChange
   */
  constructor(staleAfter, onChange) {
    this.#staleAfter = staleAfter;
    this.#onChange = onChange;
  }

  /** The data is current. */
  live() {
    clearTimeout(this.#staleTimer);
    if (this.current.state !== 'live') this.#set({ state: 'live', since: new Date() });
  }

  /**
   * The connection is lost.
   * @param {number} lastMessageAt
   */
  lost(lastMessageAt) {
    if (this.current.state !== 'live') return;
    this.#staleTimer = setTimeout(() => this.stale(lastMessageAt), this.#staleAfter);
    this.#set({ state: 'reconnecting', since: new Date(lastMessageAt) });
  }

  /** @param {number} lastMessageAt */
  stale(lastMessageAt) {
    this.#set({ state: 'stale', since: new Date(lastMessageAt) });
  }

  /** @param {import('./errors.js').ClosedError} error */
  close(error) {
    clearTimeout(this.#staleTimer);
    this.#set({ state: 'closed', since: new Date(), error });
  }

  /** @param {Status} status */
  #set(status) {
    this.current = status;
    this.#onChange(status);
  }
}
