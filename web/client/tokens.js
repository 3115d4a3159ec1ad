/** The token of a client, and how it gets another one: asked for once, whoever needs it. */

export class Tokens {
  /** @type {Promise<string | null> | null} */
  #renewing = null;
  #renew;

  /**
   * @param {string | null | undefined} token
   * @param {import('./index.js').Options['renewToken']} renew
   */
  constructor(token, renew) {
    this.current = token ?? null;
    this.#renew = renew;
  }

  /**
   * Another token than the one that was refused; null where there is none. Rejects where it cannot
   * be told now.
   * @param {string | null} refused
   */
  async after(refused) {
    if (this.current !== refused) return this.current;
    if (!this.#renew) return null;
    this.#renewing ??= this.#ask(this.#renew).finally(() => {
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
