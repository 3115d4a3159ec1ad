/** The token of a client, and how it gets another one: asked for once, whoever needs it. */

import { guarded } from './listeners.js';

export class Tokens {
  /** @type {Promise<string | null> | null} */
  #renewing = null;
  /** @type {string | null} */
  #reported = null;
  #renew;
  #onRefused;

  /**
   * @param {string | null | undefined} token
   * @param {import('./index.js').Options['renewToken']} renew
   * @param {import('./index.js').Options['onTokenRefused']} [onRefused]
   */
  constructor(token, renew, onRefused) {
    this.current = token ?? null;
    this.#renew = renew;
    this.#onRefused = onRefused;
  }

  /**
   * The service has refused this token, and there is no other one.
   * @param {string | null} token
   */
  end(token) {
    if (token === null || token === this.#reported) return;
    this.#reported = token;
    guarded(this.#onRefused, token);
  }

  /**
   * Another token than the one that was refused; null where there is none. Rejects where it cannot
   * be told now.
   * @param {string | null} refused
   */
  async after(refused) {
    if (this.current !== refused) return this.current;
    const token = this.#renew ? await this.#renewed(this.#renew) : null;
    if (token === null) this.end(refused);
    return token;
  }

  /** @param {() => any} renew */
  #renewed(renew) {
    this.#renewing ??= this.#ask(renew).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  /** @param {() => any} renew */
  async #ask(renew) {
    const token = (await renew()) ?? null;
    if (token !== null) this.current = token;
    return token;
  }
}
