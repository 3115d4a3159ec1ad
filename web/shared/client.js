/** The page's client of the service, its token, and events about both. */

import { RestaurantQR } from '../client/index.js';
import { Emitter } from './emitter.js';
import { withRequestKeys } from './request-keys.js';
import { loadToken, removeToken } from './token-storage.js';

/** Emits when the status of any channel changes. */
export const statusChanged = new Emitter();
/** Emits when the service rejects the token that the page was signed in with. */
export const signedOut = new Emitter();

/**
 * Milliseconds of silence before a probe, and for its answer: how soon a page notices a lost network. Guests'
 * phones probe less often, because there are many of them and their batteries are small.
 */
const LIVENESS = location.pathname.includes('/guest/')
  ? { pulse: 10_000, pulseTimeout: 5_000 }
  : { pulse: 5_000, pulseTimeout: 3_000 };

/** The token that the page was signed in with; not that of a guest, who gets one by joining. */
let signInToken = loadToken();
let isRejected = false;

export const qr = new RestaurantQR({
  url: location.origin,
  token: signInToken,
  ...LIVENESS,
  onStatus: () => statusChanged.emit(),
  onTokenRefused: (rejected) => {
    if (rejected !== signInToken) return;
    isRejected = true;
    removeToken(rejected);
    signedOut.emit();
  },
});
qr.http = withRequestKeys(qr.http);

// Opening another sign-in link in this tab changes only the fragment, which does not load the page.
addEventListener('hashchange', () => {
  if (/^#(token|device)=/.test(location.hash)) location.reload();
});

/** The token in use, or null. */
export const token = () => qr.token;

/** Whether the service has rejected the token that the page was signed in with. */
export const isSignedOut = () => isRejected && qr.token === signInToken;

/** Sign this page in with a token. */
export function signInWith(newToken) {
  signInToken = newToken;
  isRejected = false;
  qr.token = newToken;
}

/** Remove this page's token from this device, and reload. */
export function signOut() {
  removeToken(qr.token);
  location.reload();
}

/**
 * Resolves to a response that is not JSON, such as an SVG image. A plain link could not send the token.
 * @param {string} path
 * @param {string} [type] the expected content type
 */
export function fetchText(path, type = 'image/svg+xml') {
  return qr.http.text(path, type);
}

/** The claims of the token, such as `restaurant_id`; empty without a token. The signature is not checked. */
export function claims() {
  try {
    const [, payload] = qr.token.split('.');
    return JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/')));
  } catch {
    return {};
  }
}
