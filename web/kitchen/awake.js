/** Keeps the screen awake while the page is looked at. */

import { useEffect, useState } from '../shared/app.js';

/** Whether the screen stays awake; null until that is known. */
export function useAwake() {
  const [awake, set] = useState(null);
  useEffect(() => {
    let lock = null;
    const hold = async () => {
      if (document.visibilityState !== 'visible') return; // the browser has released it by itself
      // Not in Firefox 115, nor on a page without TLS; refused when the battery is low.
      lock = await navigator.wakeLock?.request('screen').catch(() => null);
      set(Boolean(lock));
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
