/** Keeps the restaurant's figures and order statuses current, which have no events of their own. */

import { useEffect } from '../shared/app.js';

const POLL_MS = 10_000;
const DEBOUNCE_MS = 400;

/** Refresh a channel's snapshot periodically, and soon after an event of it or of another channel. */
export function useRefresh(channel, other) {
  useEffect(() => {
    if (!channel || !other) return undefined;
    let debounce;
    const refresh = () => {
      if (channel.status.state === 'live' && !document.hidden) channel.refresh().catch(() => {});
    };
    const onEvent = () => {
      clearTimeout(debounce);
      debounce = setTimeout(refresh, DEBOUNCE_MS); // one change causes several events
    };
    const stops = [other.on('event', onEvent), channel.on('event', onEvent)];
    const timer = setInterval(refresh, POLL_MS);
    document.addEventListener('visibilitychange', refresh);
    return () => {
      stops.forEach((stop) => stop());
      clearInterval(timer);
      clearTimeout(debounce);
      document.removeEventListener('visibilitychange', refresh);
    };
  }, [channel, other]);
}
