/** A plain WebSocket, which does not reconnect, resume or resend. */

import { token, useEffect, useRef, useState } from '../shared/app.js';

const MAX_FRAMES = 200;
let lastNumber = 0;

/** `{ state, code, reason, frames, open, send, close }`; `frames` has the newest first. */
export function useSocket() {
  const socket = useRef(null);
  const [status, setStatus] = useState({ state: 'none', code: 0, reason: '' });
  const [frames, setFrames] = useState([]);
  const add = (direction, text) => {
    lastNumber += 1;
    const frame = { number: lastNumber, direction, text };
    setFrames((earlier) => [frame, ...earlier].slice(0, MAX_FRAMES));
  };
  const open = (path) => {
    const protocols = token() === null ? [] : ['bearer', token()];
    const opened = new WebSocket(`${location.origin.replace(/^http/, 'ws')}${path}`, protocols);
    socket.current = opened;
    setFrames([]);
    setStatus({ state: 'opening', code: 0, reason: '' });
    opened.onopen = () => setStatus({ state: 'open', code: 0, reason: '' });
    opened.onmessage = ({ data }) => add('received', data);
    opened.onclose = ({ code, reason }) => setStatus({ state: 'closed', code, reason });
  };
  const send = (text) => {
    socket.current.send(text);
    add('sent', text);
  };
  useEffect(() => () => socket.current?.close(), []);
  return { ...status, frames, open, send, close: () => socket.current?.close() };
}
