/** Browser events after which connections should be checked: the page becomes visible or the network is back. */

/**
 * Call `wake` at these events, until the returned function is called. Does nothing outside browsers.
 * @param {() => void} wake
 * @returns {() => void}
 */
export function onWake(wake) {
  const { document } = globalThis;
  const onVisibilityChange = () => {
    if (document.visibilityState === 'visible') wake();
  };
  globalThis.addEventListener?.('online', wake);
  globalThis.addEventListener?.('pageshow', wake);
  document?.addEventListener('visibilitychange', onVisibilityChange);
  return () => {
    globalThis.removeEventListener?.('online', wake);
    globalThis.removeEventListener?.('pageshow', wake);
    document?.removeEventListener('visibilitychange', onVisibilityChange);
  };
}

/**
 * Call `onLost` when the browser reports that the network is gone, until the returned function is called.
 * @param {() => void} onLost
 * @returns {() => void}
 */
export function onOffline(onLost) {
  globalThis.addEventListener?.('offline', onLost);
  return () => globalThis.removeEventListener?.('offline', onLost);
}
