/**
 * Actions on their way: one after another, each until it is answered. What was sent and not
 * answered is sent again on the next connection with its `request_id`, and takes effect once.
 */

import { QueueFullError, RefusedError } from './errors.js';
import { MAX_FRAME_BYTES, RETRIED } from './protocol.js';

/**
 * @typedef {object} Waiting
 * @property {string} id
 * @property {string} text
 * @property {(answer: any) => void} answered with the ack's or the error's frame
 * @property {(error: Error) => void} failed
 */

export class Requests {
  /** @type {Waiting[]} */
  #waiting = [];
  /** @type {Waiting | null} */
  #underWay = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #up = false;
  /** @type {Error | null} */
  #over = null;
  #limit;
  #patience;
  #pauses;
  #transmit;
  #overdue;

  /**
   * @param {object} how
   * @param {number} how.limit how many may wait
   * @param {number} how.patience milliseconds for an answer on a connection that is up
   * @param {import('./backoff.js').Backoff} how.pauses before what could not be done is tried again
   * @param {(text: string) => void} how.transmit
   * @param {() => void} how.overdue there was no answer in time
   */
  constructor({ limit, patience, pauses, transmit, overdue }) {
    this.#limit = limit;
    this.#patience = patience;
    this.#pauses = pauses;
    this.#transmit = transmit;
    this.#overdue = overdue;
  }

  get length() {
    return this.#waiting.length;
  }

  /**
   * Take one more. Throws QueueFullError or ClosedError.
   * @param {Waiting} request
   */
  add(request) {
    if (this.#over) throw this.#over;
    if (this.#waiting.length >= this.#limit) throw new QueueFullError(this.#limit);
    this.#waiting.push(request);
    this.#next();
  }

  /**
   * Forget one; it may have been done all the same.
   * @param {Waiting} request
   */
  remove(request) {
    this.#waiting = this.#waiting.filter((each) => each !== request);
    if (this.#underWay === request) this.#advance();
  }

  /** There is a connection. */
  connected() {
    this.#up = true;
    this.#next();
  }

  /** There is none any more. */
  disconnected() {
    this.#up = false;
    this.#underWay = null;
    clearTimeout(this.#timer);
  }

  /**
   * An ack, or an error with a `request_id`. Whether somebody waits for it.
   * @param {{request_id: string, code?: string}} frame
   */
  take(frame) {
    const request = this.#underWay;
    if (request?.id !== frame.request_id) return false;
    clearTimeout(this.#timer);
    if (frame.code !== undefined && RETRIED.includes(frame.code)) {
      this.#timer = setTimeout(() => this.#advance(), this.#pauses.next());
      return true;
    }
    this.#pauses.reset();
    this.#waiting.shift();
    request.answered(frame);
    this.#advance();
    return true;
  }

  /**
   * Nothing will be answered any more.
   * @param {Error} error
   */
  end(error) {
    this.disconnected();
    this.#over = error;
    for (const request of this.#waiting.splice(0)) request.failed(error);
  }

  #advance() {
    clearTimeout(this.#timer);
    this.#underWay = null;
    this.#next();
  }

  #next() {
    const [request] = this.#waiting;
    if (!this.#up || this.#underWay || !request) return;
    this.#underWay = request;
    this.#timer = setTimeout(this.#overdue, this.#patience);
    this.#transmit(request.text);
  }
}

/**
 * A promise for the answer of a request that is made of its two ends.
 * @param {Requests} requests
 * @param {string} id
 * @param {string} text
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export function answerOf(requests, id, text, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const giveUp = () => {
      requests.remove(request);
      reject(signal?.reason);
    };
    const request = {
      id,
      text,
      answered(/** @type {any} */ frame) {
        signal?.removeEventListener('abort', giveUp);
        if (frame.error === undefined) resolve(frame);
        else reject(new RefusedError(frame));
      },
      failed(/** @type {Error} */ error) {
        signal?.removeEventListener('abort', giveUp);
        reject(error);
      },
    };
    requests.add(request);
    signal?.addEventListener('abort', giveUp, { once: true });
  });
}

/** A new `request_id`; `crypto.randomUUID` is missing from pages without TLS. */
export function newRequestId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * An action as it is sent. Throws RefusedError, as the service would.
 * @param {object} frame
 */
export function textOf(frame) {
  const text = JSON.stringify(frame);
  if (new TextEncoder().encode(text).length > MAX_FRAME_BYTES) {
    const error = `The message is larger than ${MAX_FRAME_BYTES} bytes.`;
    throw new RefusedError({ error, code: 'too_large' });
  }
  return text;
}
