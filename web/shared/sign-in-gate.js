/** Shown instead of a staff page while a device signs in with the code of `#device=…`, and after its sign-in has ended. */

import { RestaurantQR } from '../client/index.js';
import { newRequestId } from '../client/requests.js';
import { html, useEffect, useState } from '../vendor/preact-htm.js';
import { isSignedOut, signedOut, signInWith, token } from './client.js';
import { t } from './i18n.js';
import { errorMessage } from './notices.js';
import { isUnanswered } from './request-keys.js';
import { SignIn } from './sign-in.js';
import { storage } from './storage.js';
import { clearFragment, fragmentParam, storeDeviceToken } from './token-storage.js';

const RETRY_MS = 3_000;

/**
 * What to render instead of the page, or null: while a device signs in, if its code was refused, and if its token
 * was rejected. A device that is not signed in must not go on showing names, codes and amounts.
 */
export function useSignInGate() {
  const [state, setState] = useState(() => (fragmentParam('device') ? 'signing_in' : null));
  const [error, setError] = useState(null);
  const [isOut, setIsOut] = useState(isSignedOut);
  useEffect(() => signedOut.on(() => setIsOut(isSignedOut())), []);
  useEffect(() => {
    const deviceCode = fragmentParam('device');
    if (!deviceCode) return undefined;
    const controller = new AbortController();
    const { signal } = controller;
    signIn(deviceCode, () => setState('unanswered'), signal).then(
      () => setState(null),
      (cause) => {
        if (signal.aborted) return;
        setError(cause);
        setState(token() === null ? 'refused' : null); // an old link, opened again on a device that is signed in
      },
    );
    return () => controller.abort();
  }, []);
  if (state === 'refused') return html`<${SignInRequired} title=${t('shared.cover.refused')} why=${refusalText(error)} />`;
  if (isOut) return html`<${SignInRequired} title=${t('shared.connection.signed_out')} why=${t('shared.cover.ended')} />`;
  if (state === null) return null;
  return html`
    <main class="failure" role="status">
      <h1>${t(`shared.cover.${state}`)}</h1>
      <p>${t(`shared.cover.${state}_why`)}</p>
    </main>
  `;
}

function SignInRequired({ title, why }) {
  return html`
    <main class="failure">
      <h1>${title}</h1>
      <${SignIn} why=${why} />
    </main>
  `;
}

function refusalText(error) {
  return error.code === 'unauthenticated' || error.code === 'not_found'
    ? t('shared.cover.used')
    : errorMessage(error);
}

/**
 * Resolves when the device is signed in; rejects if the service refuses the code. The first request uses the code
 * up, so its key is stored and the code stays in the address until there is an answer: a reload repeats the request.
 * @param {string} deviceCode
 * @param {() => void} onUnanswered called after each try without an answer
 * @param {AbortSignal} signal
 * @param {number} [retryMs] milliseconds between tries
 */
export async function signIn(deviceCode, onUnanswered, signal, retryMs = RETRY_MS) {
  const storageKey = `sign-in-${deviceCode}`;
  const key = storage.get(storageKey) ?? newRequestId();
  storage.set(storageKey, key);
  const { http } = new RestaurantQR({ url: location.origin });
  for (;;) {
    try {
      const response = await http.post('/devices/sign-in', { device_code: deviceCode }, { key, signal, tries: 1 });
      storeDeviceToken(response.token);
      signInWith(response.token);
      break;
    } catch (error) {
      if (signal.aborted) throw error;
      if (!isUnanswered(error)) {
        finish(storageKey);
        throw error;
      }
      onUnanswered();
    }
    await new Promise((resolve) => setTimeout(resolve, retryMs));
  }
  finish(storageKey);
}

function finish(storageKey) {
  storage.remove(storageKey);
  clearFragment();
}
