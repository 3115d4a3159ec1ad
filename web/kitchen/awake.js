/** Keeps the screen awake while the page is looked at. */

import { useEffect, useState } from '../shared/app.js';

/** Whether the screen stays awake; null until that is known. */
export function useAwake() {
  const [awake, set] = useState(null);
  useEffect(() => {
    let lock = null;
    const hold = async () => {
      if (document.visibilityState !== 'visible') return; // the browser has let go of it by itself
      try {
        lock = await navigator.wakeLock.request('screen');
        set(true);
      } catch {
        set(false); // an older browser, a page without TLS, or a battery that is low
      }
    };
    hold();
    document.addEventListener('visibilitychange', hold);
    return () => {
      document.removeEventListener('visibilitychange', hold);
      lock?.release();
    };
  }, []);
  return awake;
}
