/** The HTTP API: JSON in and out, refusals as errors, each change made once however often sent. */

import { Backoff } from './backoff.js';
import { isRefusal, RefusedError, UnreachableError } from './errors.js';
import { ANSWER_FIELDS, RETRIED } from './protocol.js';
import { newRequestId } from './requests.js';

const TRIES = 4;

/**
 * @typedef {object} How
 * @property {string} [key]
 * @property {AbortSignal} [signal]
 * @property {number} [tries]
 */

export class Http {
  #settings;
  #tokens;
  #clock;

  /**
   * @param {import('./service.js').Settings} settings
   * @param {import('./tokens.js').Tokens} tokens
   * @param {import('./clock.js').Clock} clock
   */
  constructor(settings, tokens, clock) {
    this.#settings = settings;
    this.#tokens = tokens;
    this.#clock = clock;
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
   * What is no JSON, such as a picture.
   * @param {string} path
   * @param {string} type such as `image/svg+xml`; with any other, the answer is not the service's
   * @param {How} [how]
   * @returns {Promise<string>}
   */
  text(path, type, how) {
    return this.#ask('GET', path, undefined, how, (answer, text) => {
      if (!answer.headers.get('Content-Type')?.startsWith(type)) throw new TypeError('other type');
      return text;
    });
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object | undefined} body
   * @param {How} [how]
   * @param {(answer: Response, text: string) => any} [read] the content of a success; throws if it is not the service's
   * @returns {Promise<any>}
   */
  async #ask(method, path, body, { key = newRequestId(), signal, tries = TRIES } = {}, read = success) {
    const pauses = new Backoff(this.#settings.backoff);
    for (let left = tries - 1; ; left -= 1) {
      signal?.throwIfAborted();
      const token = this.#tokens.current;
      const request = this.#request(method, path, body, key, token);
      try {
        return await this.#once(request, read, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (left === 0 || !(await this.#mayHelp(error, token))) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, pauses.next()));
    }
  }

  /**
   * Throws the TypeError of what cannot be sent, such as a token that is none.
   * @param {string} method
   * @param {string} path
   * @param {object | undefined} body
   * @param {string} key
   * @param {string | null} token
   */
  #request(method, path, body, key, token) {
    /** @type {Record<string, string>} */
    const headers = {};
    if (token !== null) headers.Authorization = `Bearer ${token}`;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (method !== 'GET') headers['Idempotency-Key'] = key;
    const url = `${this.#settings.url}/api${path}`;
    return new Request(url, { method, headers, body: JSON.stringify(body), redirect: 'error' });
  }

  /**
   * One try. Any answer that is not the service's leaves the outcome unknown.
   * @param {Request} request
   * @param {(answer: Response, text: string) => any} read
   * @param {AbortSignal | undefined} signal
   */
  async #once(request, read, signal) {
    const limit = new AbortController();
    const stop = () => limit.abort();
    const timer = setTimeout(stop, this.#settings.patience);
    signal?.addEventListener('abort', stop);
    const sentAt = this.#clock.start();
    let answer;
    let refusal;
    try {
      answer = await fetch(request, { signal: limit.signal });
      const text = await answer.text();
      if (answer.ok) {
        const content = read(answer, text);
        this.#clock.read(answer.headers.get('Date'), sentAt);
        return content;
      }
      refusal = JSON.parse(text);
    } catch (cause) {
      throw new UnreachableError(cause, answer?.status);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    }
    if (!isRefusal(refusal)) throw new UnreachableError(refusal, answer.status);
    throw new RefusedError(refusal, answer.status);
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

/**
 * The JSON of a success, which is an object with what was done or what there is.
 * @param {Response} _answer
 * @param {string} text
 */
function success(_answer, text) {
  const content = JSON.parse(text);
  if (!ANSWER_FIELDS.some((field) => field in content)) throw new TypeError('not of this protocol');
  return content;
}
