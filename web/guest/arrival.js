/**
 * How a guest comes in: by the code of a table (`#join=…`), of a session (`#session=…`), or back to
 * the visit that this browser remembers.
 */

import { forget, isUnanswered, qr, recall, remember, tab, useEffect, useState } from '../shared/app.js';

/**
 * `typed` is the code that a person has typed.
 * @typedef {{table_code?: string, session_code?: string, typed?: string}} Code
 * @typedef {{state: string, session?: any, joined?: any, error?: any, typed?: string, farewell?: any}} Arrival
 */

const PAUSE_MS = 3_000;

/** Remove and return the code in the address; null if there is none. @returns {Code | null} */
function codeInAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const [table_code, session_code] = [given.get('join'), given.get('session')];
  if (table_code) return { table_code };
  return session_code ? { session_code } : null;
}

function hideCode() {
  history.replaceState(null, '', location.pathname + location.search);
}

/**
 * A session's code as a person types it: in full-width or small letters, with spaces or hyphens.
 * @param {string} typed
 * @returns {Code}
 */
export function typedCode(typed) {
  const session_code = typed.normalize('NFKC').toUpperCase().replace(/[^\p{L}\p{N}]/gu, '');
  return { session_code, typed };
}

/**
 * Resolves to the session's data. Whoever comes back keeps the token, and so the requests, until the
 * service refuses it: this machine's clock does not know when it ends.
 * @param {Code} code
 */
async function join({ table_code, session_code }) {
  qr.token = null;
  const { token, data } = await qr.http.post('/sessions/join', { table_code, session_code }, { tries: 1 });
  const known = recall('visit');
  const visit = known?.session === data.id ? known : { session: data.id, token };
  remember('visit', visit);
  tab.forget('farewell');
  qr.token = visit.token;
  return data;
}

const scannedCode = codeInAddress();
/** The first try for the code that the page was opened with; it need not wait for texts and rendering. */
let firstTry = scannedCode && join(scannedCode);
firstTry?.catch(() => {}); // `useArrival` shows the error

/** @param {Code} code */
function tryToJoin(code) {
  const trying = firstTry ?? join(code);
  firstTry = null;
  return trying;
}

/** @returns {Arrival | null} */
function comeBack() {
  const known = recall('visit');
  qr.token = known?.token ?? null;
  if (known) return { state: 'there', session: known.session };
  const farewell = tab.recall('farewell');
  return farewell && { state: 'left', farewell };
}

/**
 * The visit is over; what is on the screen stays, also after a reload. Another tab may be at another visit.
 * @param {number} session
 * @param {{session: any, menu: any}} farewell
 */
export function leave(session, farewell) {
  if (recall('visit')?.session === session) forget('visit');
  tab.remember('farewell', farewell);
}

/** `{ state, session, joined, error, typed, farewell, enter }`; `state` is `arriving`, `waiting`, `there`, `left` or `nowhere`. */
export function useArrival() {
  const [code, enter] = useState(scannedCode);
  /** @type {[Arrival, (arrival: Arrival) => void]} */
  const [arrival, arrived] = useState(
    () => (code ? { state: 'arriving' } : null) ?? comeBack() ?? { state: 'nowhere' },
  );

  useEffect(() => {
    const scanned = () => {
      const another = codeInAddress();
      if (another) enter(another);
    };
    addEventListener('hashchange', scanned);
    return () => removeEventListener('hashchange', scanned);
  }, []);

  useEffect(() => {
    if (!code) return undefined;
    let given = false;
    let timer;
    const attempt = async () => {
      try {
        const joined = await tryToJoin(code);
        hideCode();
        if (!given) arrived({ state: 'there', session: joined.id, joined });
      } catch (error) {
        if (given) return;
        if (isUnanswered(error)) {
          arrived({ state: 'waiting' }); // the code stays in the address for a reload
          timer = setTimeout(attempt, PAUSE_MS);
        } else {
          hideCode();
          arrived({ state: 'nowhere', error, typed: code.typed });
        }
      }
    };
    arrived({ state: 'arriving' });
    attempt();
    return () => {
      given = true;
      clearTimeout(timer);
    };
  }, [code]);

  return { ...arrival, enter };
}
