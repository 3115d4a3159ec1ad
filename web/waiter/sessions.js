/** The sessions of several tables at once. */

import { qr, useEffect, useReducer, useRef } from '../shared/app.js';

/** The data of these sessions by id, drawn again with each change; those no longer asked for close. */
export function useSessions(ids) {
  const [, redraw] = useReducer((count) => count + 1, 0);
  const open = useRef(new Map());
  useEffect(() => {
    for (const id of ids) {
      if (open.current.has(id)) continue;
      const channel = qr.session(id);
      const stops = [channel.on('change', redraw), channel.on('status', redraw)];
      open.current.set(id, { channel, stops });
    }
    for (const id of [...open.current.keys()]) {
      if (!ids.includes(id)) leave(open.current, id);
    }
    redraw();
  }, [ids.join()]);
  useEffect(() => () => [...open.current.keys()].forEach((id) => leave(open.current, id)), []);
  const known = [...open.current].filter(([, { channel }]) => channel.data);
  return new Map(known.map(([id, { channel }]) => [id, channel.data]));
}

function leave(open, id) {
  const { channel, stops } = open.get(id);
  stops.forEach((stop) => stop());
  channel.close();
  open.delete(id);
}
