/** Covers a staff page during a sign-in by the one-time code of `#device=…`, and after a sign-in has ended. */

import { RestaurantQR } from '../client/index.js';
import { newRequestId } from '../client/requests.js';
import { html, useEffect, useState } from '../vendor/preact-htm.js';
import { t } from './i18n.js';
import { fromAddress, hideFragment, keepDevice } from './identity.js';
import { isUnanswered } from './keys.js';
import { reason } from './notices.js';
import { isSignedOut, signedOut, signInWith, token } from './service.js';
import { SignIn } from './sign-in.js';
import { forget, recall, remember } from './storage.js';

const PAUSE_MS = 3_000;

/**
 * What to show instead of the page, or null: while a device is signed in, when its code was refused,
 * and when the token was. Names, codes and sums are covered then.
 */
export function useCover() {
  const [state, show] = useState(() => (fromAddress('device') ? 'signing_in' : null));
  const [error, fail] = useState(null);
  const [out, cover] = useState(isSignedOut);
  useEffect(() => signedOut.on(() => cover(isSignedOut())), []);
  useEffect(() => {
    const device_code = fromAddress('device');
    if (!device_code) return undefined;
    const { signal, stop } = stoppable();
    signIn(device_code, () => show('unanswered'), signal).then(
      () => show(null),
      (cause) => {
        if (signal.aborted) return;
        fail(cause);
        show(token() === null ? 'refused' : null); // an old link, opened again on a device that is signed in
      },
    );
    return stop;
  }, []);
  if (state === 'refused') return html`<${Ended} title=${t('shared.cover.refused')} why=${sentence(error)} />`;
  if (out) return html`<${Ended} title=${t('shared.connection.signed_out')} why=${t('shared.cover.ended')} />`;
  if (state === null) return null;
  return html`
    <main class="failure" role="status">
      <h1>${t(`shared.cover.${state}`)}</h1>
      <p>${t(`shared.cover.${state}_why`)}</p>
    </main>
  `;
}

function Ended({ title, why }) {
  return html`
    <main class="failure">
      <h1>${title}</h1>
      <${SignIn} why=${why} />
    </main>
  `;
}

function sentence(error) {
  return error.code === 'unauthenticated' || error.code === 'not_found'
    ? t('shared.cover.used')
    : reason(error);
}

function stoppable() {
  const controller = new AbortController();
  return { signal: controller.signal, stop: () => controller.abort() };
}

/**
 * Resolves when the device is signed in; rejects when the service has refused the code. Until it answers,
 * the code stays in the address and its key is kept, for a reload: the code is used up by the first try.
 */
export async function signIn(device_code, unanswered, signal, pause = PAUSE_MS) {
  const kept = `sign-in-${device_code}`;
  const key = recall(kept) ?? newRequestId();
  remember(kept, key);
  const { http } = new RestaurantQR({ url: location.origin });
  for (;;) {
    try {
      const answer = await http.post('/devices/sign-in', { device_code }, { key, signal, tries: 1 });
      keepDevice(answer.token);
      signInWith(answer.token);
      break;
    } catch (error) {
      if (signal.aborted) throw error;
      if (!isUnanswered(error)) {
        finish(kept);
        throw error;
      }
      unanswered();
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  finish(kept);
}

function finish(kept) {
  forget(kept);
  hideFragment();
}
