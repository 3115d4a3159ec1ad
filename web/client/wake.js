/** When a page comes back: its machine wakes up, its tab is looked at, its network is there. */

/**
 * Call `wake` then, until the returned function is called. Does nothing outside browsers.
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
