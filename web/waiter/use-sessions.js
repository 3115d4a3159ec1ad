/** The sessions of several tables. */

import { qr, useEffect, useForceUpdate, useRef } from '../shared/app.js';

/** The data of these sessions by id; renders again after each change, and closes the channels of all others. */
export function useSessions(ids) {
  const forceUpdate = useForceUpdate();
  const channels = useRef(new Map());
  useEffect(() => {
    for (const id of ids) {
      if (channels.current.has(id)) continue;
      const channel = qr.session(id);
      const stops = [channel.on('change', forceUpdate), channel.on('status', forceUpdate)];
      channels.current.set(id, { channel, stops });
    }
    for (const id of [...channels.current.keys()]) {
      if (!ids.includes(id)) closeSession(channels.current, id);
    }
    forceUpdate();
  }, [ids.join()]);
  useEffect(() => () => [...channels.current.keys()].forEach((id) => closeSession(channels.current, id)), []);
  const loaded = [...channels.current].filter(([, { channel }]) => channel.data);
  return new Map(loaded.map(([id, { channel }]) => [id, channel.data]));
}

function closeSession(channels, id) {
  const { channel, stops } = channels.get(id);
  stops.forEach((stop) => stop());
  channel.close();
  channels.delete(id);
}
