/** The HTTP API: JSON in and out, refusals as errors, each change made once however often sent. */

import { Backoff } from './backoff.js';
import { RefusedError, UnreachableError } from './errors.js';
import { RETRIED } from './protocol.js';
import { newRequestId } from './requests.js';

const TRIES = 4;

/** @typedef {{key?: string, signal?: AbortSignal}} How */

export class Http {
  #settings;
  #tokens;

  /**
   * @param {import('./service.js').Settings} settings
   * @param {import('./tokens.js').Tokens} tokens
   */
  constructor(settings, tokens) {
    this.#settings = settings;
    this.#tokens = tokens;
  }

  /** @param {string} path such as `/orders/1` @param {How} [how] */
  get(path, how) {
    return this.#ask('GET', path, undefined, how);
  }

  /** @param {string} path @param {object} [body] @param {How} [how] */
  post(path, body = {}, how) {
    return this.#ask('POST', path, body, how);
  }

  /** @param {string} path @param {object} [body] @param {How} [how] */
  put(path, body = {}, how) {
    return this.#ask('PUT', path, body, how);
  }

  /** @param {string} path @param {object} [body] @param {How} [how] */
  patch(path, body = {}, how) {
    return this.#ask('PATCH', path, body, how);
  }

  /** @param {string} path @param {How} [how] */
  delete(path, how) {
    return this.#ask('DELETE', path, undefined, how);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object | undefined} body
   * @param {How} [how]
   * @returns {Promise<any>}
   */
  async #ask(method, path, body, { key = newRequestId(), signal } = {}) {
    const pauses = new Backoff(this.#settings.backoff);
    for (let tries = 1; ; tries += 1) {
      const token = this.#tokens.current;
      try {
        return await this.#once(method, path, body, { key, signal, token });
      } catch (error) {
        signal?.throwIfAborted();
        if (tries === TRIES || !(await this.#mayHelp(error, token))) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, pauses.next()));
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object | undefined} body
   * @param {{key: string, signal?: AbortSignal, token: string | null}} how
   */
  async #once(method, path, body, { key, signal, token }) {
    /** @type {Record<string, string>} */
    const headers = {};
    if (token !== null) headers.Authorization = `Bearer ${token}`;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (method !== 'GET') headers['Idempotency-Key'] = key;
    const url = `${this.#settings.url}/api${path}`;
    let answer;
    let told;
    try {
      answer = await fetch(url, { method, headers, body: JSON.stringify(body), signal });
      told = await answer.json();
    } catch (cause) {
      throw new UnreachableError(cause);
    }
    if (!answer.ok) throw new RefusedError(told, answer.status);
    return told;
  }

  /**
   * Whether the same can succeed now.
   * @param {any} error
   * @param {string | null} token that it was sent with
   */
  async #mayHelp(error, token) {
    if (error instanceof UnreachableError) return true;
    if (error.code === 'unauthenticated') return (await this.#tokens.after(token)) !== null;
    return RETRIED.includes(error.code);
  }
}
