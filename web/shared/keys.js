/** Changes without an answer keep their key, so that a retry takes effect once. */

import { RefusedError, UnreachableError } from '../client/index.js';
import { newRequestId } from '../client/requests.js';

/** Whether an error leaves the outcome of its request unknown. */
export function isUnanswered(error) {
  return error instanceof UnreachableError || (error instanceof RefusedError && !error.isFinal);
}

/**
 * The same HTTP API for buttons that a person presses again after there was no answer: the same method,
 * path and body is the same request then. After an answer it is a new one.
 * @param {import('../client/index.js').Http} http
 * @returns {import('../client/index.js').Http}
 */
export function keepingKeys(http) {
  /** @type {Map<string, string>} */
  const unanswered = new Map();

  const change = (method) => async (path, ...rest) => {
    const how = { ...rest[method === 'delete' ? 0 : 1] };
    const body = method === 'delete' ? [] : [rest[0] ?? {}];
    const what = JSON.stringify([method, path, ...body]);
    const key = how.key ?? unanswered.get(what) ?? newRequestId();
    unanswered.set(what, key);
    try {
      const answer = await http[method](path, ...body, { ...how, key });
      unanswered.delete(what);
      return answer;
    } catch (error) {
      if (!isUnanswered(error)) unanswered.delete(what);
      throw error;
    }
  };

  return {
    get: (path, how) => http.get(path, how),
    text: (path, type, how) => http.text(path, type, how),
    post: change('post'),
    put: change('put'),
    patch: change('patch'),
    delete: change('delete'),
  };
}
