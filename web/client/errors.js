/** The errors that promises of this client are rejected with, besides the reason of an AbortSignal. */

import { CODES, RETRYABLE_CODES } from './protocol.js';

export class RestaurantQRError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = new.target.name;
  }
}

/** The service rejected a request: `code` is for programs, `message` is for people. */
export class RefusedError extends RestaurantQRError {
  /**
   * @param {{error: string, code: import('./messages.js').ErrorCode, details?: object}} body
   * @param {number} [status] of HTTP
   */
  constructor({ error, code, details = {} }, status) {
    super(error);
    this.code = code;
    this.details = details;
    this.status = status;
  }

  /**
   * Whether the request is known to have had no effect. After `unauthenticated`, an earlier attempt
   * with the same key may have had one, because the service checks the token before the key.
   */
  get isFinal() {
    return !RETRYABLE_CODES.includes(this.code) && this.code !== 'unauthenticated';
  }
}

/**
 * Whether a body is an error of this protocol. All others come from an intermediary.
 * @param {any} body
 */
export function isRefusal(body) {
  return typeof body?.error === 'string' && CODES.includes(body.code);
}

/** The channel is closed for good; `code` is the close code, 1000 if this client closed it. */
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

/** Too many actions wait for the connection. This one was not queued. */
export class QueueFullError extends RestaurantQRError {
  /** @param {number} limit */
  constructor(limit) {
    super(`${limit} actions already wait for the connection; this one was not queued.`);
    this.limit = limit;
  }
}

/**
 * No response of the service: none at all, or one of an intermediary. A change may have taken effect;
 * retry with the same key.
 */
export class UnreachableError extends RestaurantQRError {
  /**
   * @param {unknown} cause
   * @param {number} [status] of the intermediary's response
   */
  constructor(cause, status) {
    super(status === undefined
      ? 'The service does not answer.'
      : `An intermediary answered with status ${status} instead of the service.`);
    this.cause = cause;
    this.status = status;
  }
}
