/**
 * The action queue of a channel: sends one action at a time and waits for its reply. An action without a reply is
 * sent again on the next connection with the same `request_id`, so that it takes effect once.
 */

import { QueueFullError, RefusedError } from './errors.js';
import { MAX_FRAME_BYTES, RETRYABLE_CODES } from './protocol.js';

/**
 * @typedef {object} Action
 * @property {string} id
 * @property {string} text
 * @property {(frame: any) => void} onReply with the ack's or the error's frame
 * @property {(error: Error) => void} onError
 */

export class Requests {
  /** @type {Action[]} */
  #waiting = [];
  /** @type {Action | null} */
  #inFlight = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isConnected = false;
  /** @type {Error | null} */
  #error = null;
  #limit;
  #timeout;
  #backoff;
  #transmit;
  #onTimeout;

  /**
   * @param {object} options
   * @param {number} options.limit how many actions may wait
   * @param {number} options.timeout milliseconds for a reply on a connection
   * @param {import('./backoff.js').Backoff} options.backoff before an action is sent again after a retryable error
   * @param {(text: string) => void} options.transmit
   * @param {() => void} options.onTimeout called after a timeout
   */
  constructor({ limit, timeout, backoff, transmit, onTimeout }) {
    this.#limit = limit;
    this.#timeout = timeout;
    this.#backoff = backoff;
    this.#transmit = transmit;
    this.#onTimeout = onTimeout;
  }

  get length() {
    return this.#waiting.length;
  }

  /**
   * Queue an action. Throws QueueFullError or ClosedError.
   * @param {Action} action
   */
  add(action) {
    if (this.#error) throw this.#error;
    if (this.#waiting.length >= this.#limit) throw new QueueFullError(this.#limit);
    this.#waiting.push(action);
    this.#next();
  }

  /**
   * Remove an action, which may still take effect.
   * @param {Action} action
   */
  remove(action) {
    this.#waiting = this.#waiting.filter((each) => each !== action);
    if (this.#inFlight === action) this.#advance();
  }

  /** The connection is open. */
  onOpen() {
    this.#isConnected = true;
    this.#next();
  }

  /** The connection is lost. */
  onLost() {
    this.#isConnected = false;
    this.#inFlight = null;
    clearTimeout(this.#timer);
  }

  /**
   * Complete the action in flight with an ack or an error, if it is its reply.
   * @param {{request_id: string, code?: string}} frame
   */
  onReply(frame) {
    const action = this.#inFlight;
    if (action?.id !== frame.request_id) return;
    clearTimeout(this.#timer);
    if (frame.code !== undefined && RETRYABLE_CODES.includes(frame.code)) {
      this.#timer = setTimeout(() => this.#advance(), this.#backoff.next());
      return;
    }
    this.#backoff.reset();
    this.#waiting.shift();
    action.onReply(frame);
    this.#advance();
  }

  /**
   * Fail all actions, and each that is added later.
   * @param {Error} error
   */
  end(error) {
    this.onLost();
    this.#error = error;
    for (const action of this.#waiting.splice(0)) action.onError(error);
  }

  #advance() {
    clearTimeout(this.#timer);
    this.#inFlight = null;
    this.#next();
  }

  #next() {
    const [action] = this.#waiting;
    if (!this.#isConnected || this.#inFlight || !action) return;
    this.#inFlight = action;
    this.#timer = setTimeout(this.#onTimeout, this.#timeout);
    this.#transmit(action.text);
  }
}

/**
 * Add an action; resolves to the frame of its ack.
 * @param {Requests} requests
 * @param {string} id
 * @param {string} text
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export function submit(requests, id, text, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = () => {
      requests.remove(action);
      reject(signal?.reason);
    };
    const action = {
      id,
      text,
      onReply(/** @type {any} */ frame) {
        signal?.removeEventListener('abort', abort);
        if (frame.error === undefined) resolve(frame);
        else reject(new RefusedError(frame));
      },
      onError(/** @type {Error} */ error) {
        signal?.removeEventListener('abort', abort);
        reject(error);
      },
    };
    requests.add(action);
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** A new `request_id`; `crypto.randomUUID` is missing from pages without TLS. */
export function newRequestId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * The text of an action. Throws RefusedError if it is too large for the service.
 * @param {object} frame
 */
export function encode(frame) {
  const text = JSON.stringify(frame);
  if (new TextEncoder().encode(text).length > MAX_FRAME_BYTES) {
    const error = `The message is larger than ${MAX_FRAME_BYTES} bytes.`;
    throw new RefusedError({ error, code: 'too_large' });
  }
  return text;
}
