/** The HTTP API. Requests are retried under one key, so that a change takes effect once. */

import { Backoff } from './backoff.js';
import { isRefusal, RefusedError, UnreachableError } from './errors.js';
import { ANSWER_FIELDS, RETRYABLE_CODES } from './protocol.js';
import { newRequestId } from './requests.js';

const MAX_ATTEMPTS = 4;

/**
 * @typedef {import('./index.js').HttpOptions} Options
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

  /** @param {string} path such as `/orders/1` @param {Options} [options] */
  get(path, options) {
    return this.#request('GET', path, undefined, options);
  }

  /** A `Blob` is sent as it is. @param {string} path @param {object} [body] @param {Options} [options] */
  post(path, body = {}, options) {
    return this.#request('POST', path, body, options);
  }

  /** @param {string} path @param {object} [body] @param {Options} [options] */
  put(path, body = {}, options) {
    return this.#request('PUT', path, body, options);
  }

  /** @param {string} path @param {object} [body] @param {Options} [options] */
  patch(path, body = {}, options) {
    return this.#request('PATCH', path, body, options);
  }

  /** @param {string} path @param {Options} [options] */
  delete(path, options) {
    return this.#request('DELETE', path, undefined, options);
  }

  /**
   * Resolves to a body that is not JSON, such as an image.
   * @param {string} path
   * @param {string} type such as `image/svg+xml`; a response of any other type is not the service's
   * @param {Options} [options]
   * @returns {Promise<string>}
   */
  text(path, type, options) {
    return this.#request('GET', path, undefined, options, (response, text) => {
      if (!response.headers.get('Content-Type')?.startsWith(type)) throw new TypeError('unexpected Content-Type');
      return text;
    });
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object | undefined} body
   * @param {Options} [options]
   * @param {(response: Response, text: string) => any} [read] the content of a success; throws if it is not the service's
   * @returns {Promise<any>}
   */
  async #request(method, path, body, { key = newRequestId(), signal, tries = MAX_ATTEMPTS } = {}, read = parse) {
    const backoff = new Backoff(this.#settings.backoff);
    for (let left = tries - 1; ; left -= 1) {
      signal?.throwIfAborted();
      const token = this.#tokens.current;
      const request = this.#build(method, path, body, key, token);
      try {
        return await this.#attempt(request, read, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (left === 0 || !(await this.#isRetryable(error, token))) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, backoff.next()));
    }
  }

  /**
   * Throws a TypeError if it cannot be sent, for example with an invalid token.
   * @param {string} method
   * @param {string} path
   * @param {object | undefined} body
   * @param {string} key
   * @param {string | null} token
   */
  #build(method, path, body, key, token) {
    /** @type {Record<string, string>} */
    const headers = {};
    if (token !== null) headers.Authorization = `Bearer ${token}`;
    const isFile = body instanceof Blob;
    if (body !== undefined) headers['Content-Type'] = isFile ? body.type || 'application/octet-stream' : 'application/json';
    if (method !== 'GET') headers['Idempotency-Key'] = key;
    const url = `${this.#settings.url}/api${path}`;
    return new Request(url, { method, headers, body: isFile ? body : JSON.stringify(body), redirect: 'error' });
  }

  /**
   * Send a request once. A response that is not the service's leaves the outcome unknown.
   * @param {Request} request
   * @param {(response: Response, text: string) => any} read
   * @param {AbortSignal | undefined} signal
   */
  async #attempt(request, read, signal) {
    const controller = new AbortController();
    const abort = () => controller.abort();
    const timer = setTimeout(abort, this.#settings.timeout);
    signal?.addEventListener('abort', abort);
    const sentAt = this.#clock.start();
    let response;
    let body;
    try {
      response = await fetch(request, { signal: controller.signal });
      const text = await response.text();
      if (response.ok) {
        const content = read(response, text);
        this.#clock.read(response.headers.get('Date'), sentAt);
        return content;
      }
      body = JSON.parse(text);
    } catch (cause) {
      throw new UnreachableError(cause, response?.status);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
    if (!isRefusal(body)) throw new UnreachableError(body, response.status);
    throw new RefusedError(body, response.status);
  }

  /**
   * Whether the same request can succeed now; renews a refused token.
   * @param {any} error
   * @param {string | null} token that the request was sent with
   */
  async #isRetryable(error, token) {
    if (error instanceof UnreachableError) return true;
    if (error.code === 'unauthenticated') return (await this.#tokens.renew(token)) !== null;
    return RETRYABLE_CODES.includes(error.code);
  }
}

/**
 * The JSON of a success. Throws if it is not the service's.
 * @param {Response} _response
 * @param {string} text
 */
function parse(_response, text) {
  const content = JSON.parse(text);
  if (!ANSWER_FIELDS.some((field) => field in content)) throw new TypeError('not of this protocol');
  return content;
}
