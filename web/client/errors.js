/** Everything that a promise of this client is rejected with, AbortSignals apart. */

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

/** No answer over HTTP after several tries. With the same key it is safe to try again. */
export class UnreachableError extends RestaurantQRError {
  /** @param {unknown} cause */
  constructor(cause) {
    super('The service does not answer.');
    this.cause = cause;
  }
}
