/** The page's one client, and the token that its staff came with. */

import { RestaurantQR } from '../client/index.js';
import { Signal } from './signal.js';

const KEY = 'restaurant-qr-token';

/** Told of each change of a channel's status. */
export const statusChanged = new Signal();

export const qr = new RestaurantQR({
  url: location.origin,
  token: await signedIn(),
  onStatus: () => statusChanged.tell(),
});

/** A link of another sign-in, opened in this tab, changes the fragment alone. */
addEventListener('hashchange', () => {
  if (/^#(token|device)=/.test(location.hash)) location.reload();
});

/** The token in use, or null. */
export const token = () => qr.token;

/**
 * The token of `#token=…`, or the one that the code of `#device=…` is good for, kept for this tab.
 * Both are taken out of the address, where neither a bookmark nor somebody who looks on finds them.
 */
async function signedIn() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const code = fragment.get('device');
  const given = fragment.get('token') ?? (code && (await tokenOf(code)));
  if (given) sessionStorage.setItem(KEY, given);
  if (fragment.has('token') || code) {
    history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(KEY);
}

/** A staff device's token, by the code that a manager shows; null where it is not good (any more). */
async function tokenOf(device_code) {
  try {
    return (await new RestaurantQR({ url: location.origin }).http.post('/devices/sign-in', { device_code })).token;
  } catch {
    return null;
  }
}

/** What is no JSON, such as a picture: a plain link would have to show the token in its address. */
export async function fetched(path) {
  const headers = token() === null ? {} : { Authorization: `Bearer ${token()}` };
  const answer = await fetch(`/api${path}`, { headers });
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer.text();
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
