/** A WebSocket console: connects to any channel, shows its frames, and sends actions as JSON. */

import { html, t, useState } from '../shared/app.js';
import { PATHS } from '../client/protocol.js';
import { newRequestId } from '../client/requests.js';
import { ACTIONS } from './actions.js';
import { useSocket } from './use-socket.js';

const CHANNELS = Object.keys(PATHS);

export function Console({ restaurantId }) {
  const [channel, setChannel] = useState('restaurant');
  const [typedId, setTypedId] = useState(null);
  const id = typedId ?? String(restaurantId); // which may arrive after the first render
  const [text, setText] = useState(JSON.stringify(ACTIONS.restaurant[0]));
  const [error, setError] = useState('');
  const socket = useSocket();
  const isOpen = socket.state === 'open';

  const selectChannel = (name) => {
    setChannel(name);
    setText(JSON.stringify(ACTIONS[name][0]));
  };
  const connect = (event) => {
    event.preventDefault();
    if (isOpen) socket.close();
    else socket.open(PATHS[channel].replace('{id}', encodeURIComponent(id)));
  };
  const send = (event) => {
    event.preventDefault();
    try {
      const frame = JSON.parse(text);
      socket.send(JSON.stringify({ request_id: newRequestId(), ...frame }));
      setError('');
    } catch (cause) {
      setError(cause.message);
    }
  };
  return html`
    <section class="console" aria-labelledby="console">
      <h2 id="console">${t('start.console')}</h2>
      <p class="muted">${t('start.console_about')}</p>
      <form class="card line" onSubmit=${connect}>
        <label class="field">${t('start.channel')}
          <select value=${channel} disabled=${isOpen} onChange=${(event) => selectChannel(event.target.value)}>
            ${CHANNELS.map((name) => html`<option key=${name} value=${name}>${PATHS[name]}</option>`)}
          </select>
        </label>
        <label class="field id">${t('start.id')}
          <input value=${id} inputmode="numeric" disabled=${isOpen} onInput=${(event) => setTypedId(event.target.value)} />
        </label>
        <button key=${isOpen} class="button ${isOpen ? '' : 'main'}">${t(isOpen ? 'start.disconnect' : 'start.connect')}</button>
        <p class="state" role="status">${t(`start.socket.${socket.state}`, { code: socket.code, reason: socket.reason })}</p>
      </form>
      <form class="card line" onSubmit=${send}>
        <label class="field">${t('start.template')}
          <select onChange=${(event) => setText(event.target.value)}>
            ${ACTIONS[channel].map((each) => html`
              <option key=${`${channel}-${each.action}`} value=${JSON.stringify(each)}>${each.action}</option>`)}
          </select>
        </label>
        <label class="field grow">${t('start.action')}
          <textarea rows="2" spellcheck="false" value=${text} aria-invalid=${error !== ''} aria-describedby="action-error"
            onInput=${(event) => setText(event.target.value)}></textarea>
        </label>
        <button class="button main" disabled=${!isOpen}>${t('start.send')}</button>
        <p class="form-error" id="action-error" role="alert">${error}</p>
      </form>
      <div class="frames" role="log" aria-label=${t('start.frames')} tabindex="0">
        ${socket.frames.length === 0 && html`<p class="muted">${t('start.no_frames')}</p>`}
        ${socket.frames.map(({ number, direction, text: frame }) => html`
          <${Frame} key=${number} direction=${direction} text=${frame} />`)}
      </div>
    </section>
  `;
}

/** A frame in one line, which expands to its JSON. */
function Frame({ direction, text }) {
  const frame = parse(text);
  const name = frame.error ? frame.code : (frame.type ?? frame.action ?? '');
  return html`
    <details class="frame-row" data-kind=${frame.error ? 'error' : direction}>
      <summary>
        <span aria-hidden="true">${direction === 'sent' ? '→' : '←'}</span>
        <strong>${name}</strong>
        ${frame.seq !== undefined && html`<span class="muted">seq ${frame.seq}</span>`}
        <span class="brief">${frame.error ?? text}</span>
      </summary>
      <pre>${JSON.stringify(frame, null, 2)}</pre>
    </details>
  `;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { error: text };
  }
}
