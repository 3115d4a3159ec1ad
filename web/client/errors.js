/** Everything that a promise of this client is rejected with, AbortSignals apart. */

import { CODES, RETRIED } from './protocol.js';

export class RestaurantQRError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = new.target.name;
  }
}

/** The service has refused: `code` is for programs, `message` is a sentence for a person. */
export class RefusedError extends RestaurantQRError {
  /**
   * @param {{error: string, code: import('./protocol.js').ErrorCode, details?: object}} body
   * @param {number} [status] of HTTP
   */
  constructor({ error, code, details = {} }, status) {
    super(error);
    this.code = code;
    this.details = details;
    this.status = status;
  }

  /**
   * Whether the request is known to have had no effect. After an `unauthenticated`, an earlier try
   * under the same key may have had one: the service looks at the key after the token.
   */
  get isFinal() {
    return !RETRIED.includes(this.code) && this.code !== 'unauthenticated';
  }
}

/**
 * Whether a body is an error of this protocol. All others come from an intermediary.
 * @param {any} body
 */
export function isRefusal(body) {
  return typeof body?.error === 'string' && CODES.includes(body.code);
}

/** The channel is closed for good; `code` is the close code, 1000 where this side closed it. */
export class ClosedError extends RestaurantQRError {
  /**
   * @param {number} code
   * @param {string} reason
   */
  constructor(code, reason) {
    super(reason || `closed with ${code}`);
    this.code = code;
  }
}

/** Too many actions wait for the connection already. This one was not taken. */
export class QueueFullError extends RestaurantQRError {
  /** @param {number} limit */
  constructor(limit) {
    super(`${limit} actions wait for the connection already; this one was not taken.`);
    this.limit = limit;
  }
}

/**
 * No answer of the service: none at all, or one of an intermediary. A change may have taken effect all
 * the same; retry with the same key.
 */
export class UnreachableError extends RestaurantQRError {
  /**
   * @param {unknown} cause
   * @param {number} [status] of the intermediary's answer
   */
  constructor(cause, status) {
    super(status === undefined
      ? 'The service does not answer.'
      : `An intermediary answered with status ${status} instead of the service.`);
    this.cause = cause;
    this.status = status;
  }
}
