/** The state of a form's request. */

import { errorMessage, useState } from '../shared/app.js';

/**
 * `{ busy, error, submit }`: `submit` sends a request and resolves to its response; `error` is `{ field, text }`, or
 * null if the last request was accepted.
 */
export function useSubmit() {
  const [state, setState] = useState({ busy: false, error: null });
  const submit = async (request) => {
    setState({ busy: true, error: null });
    try {
      const response = await request;
      setState({ busy: false, error: null });
      return response;
    } catch (cause) {
      const text = errorMessage(cause).replace(/^\S+: /, ''); // without the field's name: it is shown at the field
      setState({ busy: false, error: { field: cause.details?.field ?? '', text } });
      return undefined;
    }
  };
  return { ...state, submit };
}
