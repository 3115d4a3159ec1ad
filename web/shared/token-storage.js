/**
 * The storage of a staff page's token. A token from the address (`#token=…`) is stored for the tab. The token of
 * a device that signed in with a code is stored until the service rejects it. Each page and each waiter has its
 * own, so that two roles on one tablet do not mix.
 */

import { storage, tabStorage } from './storage.js';

const TOKEN = 'token';

/** A parameter of the address's fragment, such as the token of `#token=…`; null if it is absent. */
export function fragmentParam(name) {
  return new URLSearchParams(location.hash.slice(1)).get(name);
}

/** Remove the fragment from the address, so that no bookmark or onlooker gets the credential in it. */
export function clearFragment() {
  history.replaceState(null, '', location.pathname + location.search);
}

/** The token to start with, or null. Stores and hides the one in the address. */
export function loadToken() {
  const given = fragmentParam('token');
  if (given) {
    tabStorage.set(TOKEN, given);
    clearFragment();
  }
  // earlier releases stored the tab's token as plain text, not as JSON
  return tabStorage.get(TOKEN) ?? tabStorage.getText(TOKEN) ?? storage.get(deviceKey());
}

/** Store the token of a device that has just signed in on this page. */
export function storeDeviceToken(token) {
  tabStorage.remove(TOKEN);
  storage.set(deviceKey(), token);
  storage.set(pageKey(), token); // for the page's address without `?waiter=` or `?restaurant=`
}

/** Remove a token from every place where `loadToken` would find it. */
export function removeToken(token) {
  if ([tabStorage.get(TOKEN), tabStorage.getText(TOKEN)].includes(token)) tabStorage.remove(TOKEN);
  for (const key of [deviceKey(), pageKey()]) {
    if (storage.get(key) === token) storage.remove(key);
  }
}

const pageKey = () => `device${location.pathname.replace(/[^/]*$/, '')}`;

function deviceKey() {
  const search = new URLSearchParams(location.search);
  return pageKey() + (search.get('waiter') ?? search.get('restaurant') ?? '');
}
