/** Hooks for what changes by itself: channels, how current they are, and the time. */

import { useEffect, useMemo, useReducer, useState } from '../vendor/preact-htm.js';
import { onWake } from '../client/wake.js';
import { qr, statusChanged } from './service.js';

/** How long a connection may be away before the page says so: a handover between two cells. */
const SETTLE_MS = 700;

/** Milliseconds between two reads of the service's time. */
const ASK_TIME_MS = 300_000;

const NOTHING = { data: null, status: null, queued: 0 };
const users = new Map();

/** A channel, open while a component uses it. */
export function useOpen(name, id) {
  const channel = useMemo(() => (id == null ? null : qr.channel(name, id)), [name, id]);
  useEffect(() => {
    if (!channel) return undefined;
    users.set(channel, (users.get(channel) ?? 0) + 1);
    return () => {
      users.set(channel, users.get(channel) - 1);
      setTimeout(() => closeUnused(channel)); // another component may take it over meanwhile
    };
  }, [channel]);
  return channel;
}

function closeUnused(channel) {
  if (users.get(channel) !== 0) return;
  users.delete(channel);
  channel.close();
}

/** What a channel shows, drawn again with each change; `null` is a channel without data. */
export function useChannel(channel) {
  const redraw = useRedraw();
  useEffect(() => {
    if (!channel) return undefined;
    const stops = [channel.on('change', redraw), channel.on('status', redraw)];
    redraw(); // for what came before anybody listened
    return () => stops.forEach((stop) => stop());
  }, [channel]);
  if (!channel) return NOTHING;
  const { data, status, queued } = channel;
  return { data, status, queued };
}

/** How current the page is, as a person wants to know it: short interruptions are kept from them. */
export function useStatus() {
  const [shown, show] = useState(qr.status);
  useEffect(() => {
    let timer;
    const changed = () => {
      clearTimeout(timer);
      const { status } = qr;
      if (status?.state === 'live' || !navigator.onLine) show(status);
      else timer = setTimeout(() => show(qr.status), SETTLE_MS);
    };
    changed();
    const stop = statusChanged.on(changed);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, []);
  return shown && { ...shown, since: qr.timeOf(shown.since) };
}

/** The service's time, moving on every so many seconds; null while it is unknown. */
export function useNow(seconds) {
  const [now, move] = useState(qr.now);
  useEffect(() => {
    const ask = () => qr.askTime().then(move);
    const show = () => (qr.now ? move(qr.now) : ask());
    const timers = [setInterval(show, seconds * 1_000), setInterval(ask, ASK_TIME_MS)];
    const stopWaking = onWake(ask); // what the clock runs on may have stood still
    ask();
    return () => {
      timers.forEach(clearInterval);
      stopWaking();
    };
  }, [seconds]);
  return now;
}

export function useRedraw() {
  return useReducer((count) => count + 1, 0)[1];
}
