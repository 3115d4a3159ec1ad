/** The events after which a page should check its connections: it is shown, its machine wakes up, its network is back. */

/**
 * Call `wake` at these events, until the returned function is called. Does nothing outside browsers.
 * @param {() => void} wake
 * @returns {() => void}
 */
export function onWake(wake) {
  const { document } = globalThis;
  const visible = () => {
    if (document.visibilityState === 'visible') wake();
  };
  globalThis.addEventListener?.('online', wake);
  globalThis.addEventListener?.('pageshow', wake);
  document?.addEventListener('visibilitychange', visible);
  return () => {
    globalThis.removeEventListener?.('online', wake);
    globalThis.removeEventListener?.('pageshow', wake);
    document?.removeEventListener('visibilitychange', visible);
  };
}

/**
 * Call `gone` when the machine notices that it has no network, until the returned function is called.
 * @param {() => void} gone
 * @returns {() => void}
 */
export function onOffline(gone) {
  globalThis.addEventListener?.('offline', gone);
  return () => globalThis.removeEventListener?.('offline', gone);
}
