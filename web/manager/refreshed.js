/** Figures and the steps of orders are not told as they change: they are asked for. */

import { useEffect } from '../shared/app.js';

const EVERY_MS = 10_000;
const SOON_MS = 400;

/** Ask for a channel's snapshot now and then, and soon after anything is heard on the other. */
export function useRefreshed(channel, other) {
  useEffect(() => {
    if (!channel || !other) return undefined;
    let soon;
    const refresh = () => {
      if (channel.status.state === 'live' && !document.hidden) channel.refresh().catch(() => {});
    };
    const heard = () => {
      clearTimeout(soon);
      soon = setTimeout(refresh, SOON_MS); // a change is told several times: once is enough
    };
    const stops = [other.on('event', heard), channel.on('event', heard)];
    const timer = setInterval(refresh, EVERY_MS);
    document.addEventListener('visibilitychange', refresh);
    return () => {
      stops.forEach((stop) => stop());
      clearInterval(timer);
      clearTimeout(soon);
      document.removeEventListener('visibilitychange', refresh);
    };
  }, [channel, other]);
}
