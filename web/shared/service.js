/** The page's one client, and what its token says. */

import { RestaurantQR } from '../client/index.js';
import { forgetToken, tokenAtStart } from './identity.js';
import { keepingKeys } from './keys.js';
import { Signal } from './signal.js';

/** Told of each change of a channel's status. */
export const statusChanged = new Signal();
/** Told when the service has refused the token that the page was signed in with. */
export const signedOut = new Signal();

/**
 * How soon a page notices a lost network: the longest silence, and the time for an answer to a probe. Guests'
 * phones probe less often, because there are many of them and their batteries are small.
 */
const PULSE = location.pathname.includes('/guest/')
  ? { pulse: 10_000, pulseTimeout: 5_000 }
  : { pulse: 5_000, pulseTimeout: 3_000 };

/** The token that the page was signed in with; a guest's is not. */
let own = tokenAtStart();
let isRefused = false;

export const qr = new RestaurantQR({
  url: location.origin,
  token: own,
  ...PULSE,
  onStatus: () => statusChanged.tell(),
  onTokenRefused: (given) => {
    if (given !== own) return;
    isRefused = true;
    forgetToken(given);
    signedOut.tell();
  },
});
qr.http = keepingKeys(qr.http);

/** A link of another sign-in, opened in this tab, changes the fragment alone. */
addEventListener('hashchange', () => {
  if (/^#(token|device)=/.test(location.hash)) location.reload();
});

/** The token in use, or null. */
export const token = () => qr.token;

/** Whether the service has refused the token that the page was signed in with. */
export const isSignedOut = () => isRefused && qr.token === own;

/** The page is signed in with this token from now on. */
export function signInWith(given) {
  own = given;
  isRefused = false;
  qr.token = given;
}

/** End this page's sign-in on this machine. */
export function signOut() {
  forgetToken(qr.token);
  location.reload();
}

/**
 * What is no JSON, such as a picture: a plain link would have to show the token in its address.
 * @param {string} path
 * @param {string} [type]
 */
export function fetched(path, type = 'image/svg+xml') {
  return qr.http.text(path, type);
}

/** What the token says of its bearer, such as `restaurant_id`; nothing where there is none. */
export function claims() {
  try {
    const [, payload] = qr.token.split('.');
    return JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/')));
  } catch {
    return {};
  }
}
