/** One plain WebSocket, for looking at: nothing is resumed, nothing is sent again. */

import { token, useEffect, useRef, useState } from '../shared/app.js';

const KEPT = 200;
let last = 0;

/** `{ state, code, reason, frames, open, send, close }`; the newest frame first. */
export function useSocket() {
  const socket = useRef(null);
  const [status, setStatus] = useState({ state: 'none', code: 0, reason: '' });
  const [frames, setFrames] = useState([]);
  const add = (way, text) => {
    last += 1;
    const frame = { number: last, way, text };
    setFrames((known) => [frame, ...known].slice(0, KEPT));
  };
  const open = (path) => {
    const protocols = token() === null ? [] : ['bearer', token()];
    const opened = new WebSocket(`${location.origin.replace(/^http/, 'ws')}${path}`, protocols);
    socket.current = opened;
    setFrames([]);
    setStatus({ state: 'opening', code: 0, reason: '' });
    opened.onopen = () => setStatus({ state: 'open', code: 0, reason: '' });
    opened.onmessage = ({ data }) => add('heard', data);
    opened.onclose = ({ code, reason }) => setStatus({ state: 'closed', code, reason });
  };
  const send = (text) => {
    socket.current.send(text);
    add('sent', text);
  };
  useEffect(() => () => socket.current?.close(), []);
  return { ...status, frames, open, send, close: () => socket.current?.close() };
}
