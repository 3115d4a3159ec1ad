/** Hooks for data that changes on its own: channels, the connection status, and the time. */

import { useEffect, useMemo, useReducer, useState } from '../vendor/preact-htm.js';
import { onWake } from '../client/wake-events.js';
import { qr, statusChanged } from './client.js';

/** An interruption shorter than this is not shown: a phone's handover between two cells takes about as long. */
const STATUS_DELAY_MS = 700;

/** How often the service's time is requested. */
const TIME_SYNC_MS = 300_000;

const NO_CHANNEL = { data: null, status: null, queued: 0 };
/** How many components use each channel. */
const users = new Map();

/** The channel with this name and id, open while a component uses it; null while `id` is. */
export function useOpenChannel(name, id) {
  const channel = useMemo(() => (id == null ? null : qr.channel(name, id)), [name, id]);
  useEffect(() => {
    if (!channel) return undefined;
    users.set(channel, (users.get(channel) ?? 0) + 1);
    return () => {
      users.set(channel, users.get(channel) - 1);
      setTimeout(() => closeUnused(channel)); // later, because another component may use it in the same update
    };
  }, [channel]);
  return channel;
}

function closeUnused(channel) {
  if (users.get(channel) !== 0) return;
  users.delete(channel);
  channel.close();
}

/** A channel's `{ data, status, queued }`; renders again after each change. `channel` may be null. */
export function useChannel(channel) {
  const forceUpdate = useForceUpdate();
  useEffect(() => {
    if (!channel) return undefined;
    const stops = [channel.on('change', forceUpdate), channel.on('status', forceUpdate)];
    forceUpdate(); // for changes before the listeners were added
    return () => stops.forEach((stop) => stop());
  }, [channel]);
  if (!channel) return NO_CHANNEL;
  const { data, status, queued } = channel;
  return { data, status, queued };
}

/** The worst `{ state, since }` of all open channels, without short interruptions; null if none is open. */
export function useConnectionStatus() {
  const [shown, setShown] = useState(qr.status);
  useEffect(() => {
    let timer;
    const update = () => {
      clearTimeout(timer);
      const { status } = qr;
      if (status?.state === 'live' || !navigator.onLine) setShown(status);
      else timer = setTimeout(() => setShown(qr.status), STATUS_DELAY_MS);
    };
    update();
    const stop = statusChanged.on(update);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, []);
  return shown && { ...shown, since: qr.timeOf(shown.since) };
}

/** The service's time as a `Date`, updated every so many seconds; null while it is unknown. */
export function useNow(seconds) {
  const [now, setNow] = useState(qr.now);
  useEffect(() => {
    const synchronize = () => qr.askTime().then(setNow);
    const tick = () => (qr.now ? setNow(qr.now) : synchronize());
    const timers = [setInterval(tick, seconds * 1_000), setInterval(synchronize, TIME_SYNC_MS)];
    const stop = onWake(synchronize); // the monotonic clock may stop while the machine sleeps
    synchronize();
    return () => {
      timers.forEach(clearInterval);
      stop();
    };
  }, [seconds]);
  return now;
}

/** A function that renders the component again. */
export function useForceUpdate() {
  return useReducer((count) => count + 1, 0)[1];
}
