/**
 * How a guest joins a session: by the code of a table (`#join=…`) or of a session (`#session=…`), or by returning
 * to the visit that this browser has stored.
 */

import { isUnanswered, qr, storage, tabStorage, useEffect, useState } from '../shared/app.js';

/**
 * `typed` is the text that the guest typed, if the code was not scanned.
 * @typedef {{table_code?: string, session_code?: string, typed?: string}} Code
 * @typedef {'arriving' | 'waiting' | 'joined' | 'left' | 'not_joined'} JoinState
 * @typedef {{state: JoinState, session?: any, joined?: any, error?: any, typed?: string, farewell?: any}} Join
 */

const RETRY_MS = 3_000;

/** The code in the address; null if there is none. @returns {Code | null} */
function codeInAddress() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const [table_code, session_code] = [fragment.get('join'), fragment.get('session')];
  if (table_code) return { table_code };
  return session_code ? { session_code } : null;
}

function clearFragment() {
  history.replaceState(null, '', location.pathname + location.search);
}

/**
 * The code of a session as typed, without case, width, spaces and hyphens.
 * @param {string} typed
 * @returns {Code}
 */
export function parseTypedCode(typed) {
  const session_code = typed.normalize('NFKC').toUpperCase().replace(/[^\p{L}\p{N}]/gu, '');
  return { session_code, typed };
}

/**
 * Join a session; resolves to its data. A guest who returns to the same session keeps the stored token, which the
 * idempotency keys belong to, until the service rejects it: the device's clock cannot tell whether it has expired.
 * @param {Code} code
 */
async function join({ table_code, session_code }) {
  qr.token = null;
  const { token, data } = await qr.http.post('/sessions/join', { table_code, session_code }, { tries: 1 });
  const stored = storage.get('visit');
  const visit = stored?.session === data.id ? stored : { session: data.id, token };
  storage.set('visit', visit);
  tabStorage.remove('farewell');
  qr.token = visit.token;
  return data;
}

const scannedCode = codeInAddress();
/** The first request for the scanned code. It starts while the page's texts are still loading. */
let firstTry = scannedCode && join(scannedCode);
firstTry?.catch(() => {}); // `useJoin` shows the error

/** @param {Code} code */
function tryToJoin(code) {
  const attempt = firstTry ?? join(code);
  firstTry = null;
  return attempt;
}

/** Return to the stored visit, or to the farewell of one that has ended. @returns {Join | null} */
function resumeVisit() {
  const visit = storage.get('visit');
  qr.token = visit?.token ?? null;
  if (visit) return { state: 'joined', session: visit.session };
  const farewell = tabStorage.get('farewell');
  return farewell && { state: 'left', farewell };
}

/**
 * End the visit. `farewell` is stored for a reload. Another tab may be at another visit, which goes on.
 * @param {number} session
 * @param {{session: any, menu: any}} farewell
 */
export function endVisit(session, farewell) {
  if (storage.get('visit')?.session === session) storage.remove('visit');
  tabStorage.set('farewell', farewell);
}

/** `{ state, session, joined, error, typed, farewell, setCode }`, see `Join`; `setCode` joins with another code. */
export function useJoin() {
  const [code, setCode] = useState(scannedCode);
  /** @type {[Join, (result: Join) => void]} */
  const [result, setResult] = useState(
    () => (code ? { state: 'arriving' } : null) ?? resumeVisit() ?? { state: 'not_joined' },
  );

  useEffect(() => {
    const onHashChange = () => {
      const newCode = codeInAddress();
      if (newCode) setCode(newCode);
    };
    addEventListener('hashchange', onHashChange);
    return () => removeEventListener('hashchange', onHashChange);
  }, []);

  useEffect(() => {
    if (!code) return undefined;
    let isCancelled = false;
    let timer;
    const attempt = async () => {
      try {
        const joined = await tryToJoin(code);
        clearFragment();
        if (!isCancelled) setResult({ state: 'joined', session: joined.id, joined });
      } catch (error) {
        if (isCancelled) return;
        if (isUnanswered(error)) {
          setResult({ state: 'waiting' }); // the code stays in the address for a reload
          timer = setTimeout(attempt, RETRY_MS);
        } else {
          clearFragment();
          setResult({ state: 'not_joined', error, typed: code.typed });
        }
      }
    };
    setResult({ state: 'arriving' });
    attempt();
    return () => {
      isCancelled = true;
      clearTimeout(timer);
    };
  }, [code]);

  return { ...result, setCode };
}
