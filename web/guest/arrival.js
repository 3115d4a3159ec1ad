/**
 * How a guest comes in: by the code of a table (`#join=…`), of a session (`#session=…`), or back to
 * the visit that this browser remembers.
 */

import { forget, qr, recall, remember, useEffect, useState } from '../shared/app.js';

/** @typedef {{state: string, session?: any, error?: any}} Arrival */

const PAUSE_MS = 3_000;

/** The code that the address brings, taken out of it; null where there is none. */
function codeInAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const [table_code, session_code] = [given.get('join'), given.get('session')];
  if (table_code) return { table_code };
  return session_code ? { session_code } : null;
}

function hideCode() {
  history.replaceState(null, '', location.pathname + location.search);
}

/** Resolves to the id of the session. Whoever comes back keeps the token, and so the requests. */
async function join(code) {
  qr.token = null;
  const { token, expires_at, data } = await qr.http.post('/sessions/join', code, { tries: 1 });
  const known = recall('visit');
  const isBack = known?.session === data.id && known.expires_at * 1000 > Date.now();
  const visit = isBack ? known : { session: data.id, token, expires_at };
  remember('visit', visit);
  qr.token = visit.token;
  return visit.session;
}

function comeBack() {
  const known = recall('visit');
  qr.token = known?.token ?? null;
  return known && { state: 'there', session: known.session };
}

/** The visit is over; what is on the screen stays. */
export function leave() {
  forget('visit');
}

/** `{ state, session, error, enter }`; `state` is `arriving`, `waiting`, `there` or `nowhere`. */
export function useArrival() {
  const [code, enter] = useState(codeInAddress);
  const [arrival, arrived] = useState(/** @returns {Arrival} */ () => (code ? { state: 'arriving' } : null) ?? comeBack() ?? { state: 'nowhere' });

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
        const session = await join(code);
        hideCode();
        if (!given) arrived({ state: 'there', session });
      } catch (error) {
        if (given) return;
        if (error.isFinal) {
          hideCode();
          arrived({ state: 'nowhere', error });
        } else {
          arrived({ state: 'waiting' }); // no network: the code stays in the address for a reload
          timer = setTimeout(attempt, PAUSE_MS);
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
