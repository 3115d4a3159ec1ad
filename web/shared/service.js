/** The page's one client, and the token that its staff came with. */

import { RestaurantQR } from '../client/index.js';
import { Signal } from './signal.js';

const KEY = 'restaurant-qr-token';

/** Told of each change of a channel's status. */
export const statusChanged = new Signal();

export const qr = new RestaurantQR({ token: signedIn(), onStatus: () => statusChanged.tell() });

/** A link of another sign-in, opened in this tab, changes the fragment alone. */
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#token=')) location.reload();
});

/** The token in use, or null. */
export const token = () => qr.token;

/**
 * The token of `#token=…`, kept for this tab and taken out of the address, where neither a bookmark
 * nor somebody who looks on finds it.
 */
function signedIn() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(KEY);
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
