/**
 * The token that a page of the staff begins with: one that came in its address, for this tab, or the
 * one of a device that was signed in by a code. A device's is kept until it is refused: for one shift,
 * through restarts. Each page and each waiter has its own, so that two roles on one tablet do not mix.
 */

import { kept, tab } from './storage.js';

const TOKEN = 'token';

/** What the fragment of the address says, such as the token of `#token=…`; null if it does not. */
export function fromAddress(name) {
  return new URLSearchParams(location.hash.slice(1)).get(name);
}

/** Take the fragment out of the address, where a bookmark or an onlooker would find it. */
export function hideFragment() {
  history.replaceState(null, '', location.pathname + location.search);
}

/** The token to begin with, or null. */
export function tokenAtStart() {
  const given = fromAddress('token');
  if (given) {
    tab.remember(TOKEN, given);
    hideFragment();
  }
  return tab.recall(TOKEN) ?? tab.text(TOKEN) ?? kept.recall(deviceKey()); // it was kept as plain text before
}

/** A device is signed in on this page. */
export function keepDevice(token) {
  tab.forget(TOKEN);
  kept.remember(deviceKey(), token);
  kept.remember(pageKey(), token); // for the page without its number, as people type it
}

/** Forget a token wherever this page finds it. */
export function forgetToken(token) {
  if ([tab.recall(TOKEN), tab.text(TOKEN)].includes(token)) tab.forget(TOKEN);
  for (const key of [deviceKey(), pageKey()]) {
    if (kept.recall(key) === token) kept.forget(key);
  }
}

const pageKey = () => `device${location.pathname.replace(/[^/]*$/, '')}`;

function deviceKey() {
  const search = new URLSearchParams(location.search);
  return pageKey() + (search.get('waiter') ?? search.get('restaurant') ?? '');
}
