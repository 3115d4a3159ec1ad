/** The token of a client and its renewal, which all channels and requests share. */

import { callListener } from './listeners.js';

export class Tokens {
  /** @type {Promise<string | null> | null} */
  #renewal = null;
  /** @type {string | null} */
  #reported = null;
  #renewToken;
  #onRefused;

  /**
   * @param {string | null | undefined} token
   * @param {import('./index.js').Options['renewToken']} renewToken
   * @param {import('./index.js').Options['onTokenRefused']} [onRefused]
   */
  constructor(token, renewToken, onRefused) {
    this.current = token ?? null;
    this.#renewToken = renewToken;
    this.#onRefused = onRefused;
  }

  /**
   * Report that the service refused this token, and that there is no other one.
   * @param {string | null} token
   */
  reportRefused(token) {
    if (token === null || token === this.#reported) return;
    this.#reported = token;
    callListener(this.#onRefused, token);
  }

  /**
   * Another token than the refused one; null if there is none. Rejects if the renewal fails.
   * @param {string | null} refused
   */
  async renew(refused) {
    if (this.current !== refused) return this.current;
    this.#renewal ??= this.#callRenewToken().finally(() => {
      this.#renewal = null;
    });
    const token = await this.#renewal;
    if (token === null) this.reportRefused(refused);
    return token;
  }

  async #callRenewToken() {
    const token = (await this.#renewToken?.()) ?? null;
    if (token !== null) this.current = token;
    return token;
  }
}
