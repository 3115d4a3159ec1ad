/** Idempotency keys for buttons: pressing a button again after a lost answer must not repeat the change. */

import { RefusedError, UnreachableError } from '../client/index.js';
import { newRequestId } from '../client/requests.js';

/** Whether an error leaves the outcome of its request unknown. */
export function isUnanswered(error) {
  return error instanceof UnreachableError || (error instanceof RefusedError && !error.isFinal);
}

/**
 * The same HTTP API, but a change with the method, path and body of an unanswered one reuses its key.
 * @param {import('../client/index.js').Http} http
 * @returns {import('../client/index.js').Http}
 */
export function withRequestKeys(http) {
  /** Keys of unanswered requests, by method, path and body. @type {Map<string, string>} */
  const unanswered = new Map();

  const change = (method) => async (path, ...rest) => {
    const options = { ...rest[method === 'delete' ? 0 : 1] };
    const body = method === 'delete' ? [] : [rest[0] ?? {}];
    const request = JSON.stringify([method, path, ...body]);
    const key = options.key ?? unanswered.get(request) ?? newRequestId();
    unanswered.set(request, key);
    try {
      const response = await http[method](path, ...body, { ...options, key });
      unanswered.delete(request);
      return response;
    } catch (error) {
      if (!isUnanswered(error)) unanswered.delete(request);
      throw error;
    }
  };

  return {
    get: (path, options) => http.get(path, options),
    text: (path, type, options) => http.text(path, type, options),
    post: change('post'),
    put: change('put'),
    patch: change('patch'),
    delete: change('delete'),
  };
}
