/** Keeps the screen on while the page is visible. */

import { useEffect, useState } from '../shared/app.js';

/** Whether the browser granted a wake lock; null until it has answered. */
export function useWakeLock() {
  const [isLocked, setIsLocked] = useState(null);
  useEffect(() => {
    let lock = null;
    const request = async () => {
      if (document.visibilityState !== 'visible') return; // the browser has released the lock
      // Missing in Firefox 115 and on pages without TLS; refused if the battery is low.
      lock = await navigator.wakeLock?.request('screen').catch(() => null);
      setIsLocked(Boolean(lock));
    };
    request();
    document.addEventListener('visibilitychange', request);
    return () => {
      document.removeEventListener('visibilitychange', request);
      lock?.release();
    };
  }, []);
  return isLocked;
}
