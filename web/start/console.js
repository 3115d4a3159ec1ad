/** A socket by hand: any channel, its frames as they come, and any action as JSON. */

import { html, t, useState } from '../shared/app.js';
import { PATHS } from '../client/protocol.js';
import { newRequestId } from '../client/requests.js';
import { ACTIONS } from './actions.js';
import { useSocket } from './socket.js';

const CHANNELS = Object.keys(PATHS);

export function Console({ restaurant }) {
  const [channel, choose] = useState('restaurant');
  const [typed, type] = useState(null);
  const id = typed ?? String(restaurant); // which may be known only after somebody has begun
  const [text, setText] = useState(JSON.stringify(ACTIONS.restaurant[0]));
  const [wrong, setWrong] = useState('');
  const socket = useSocket();
  const isOpen = socket.state === 'open';

  const pick = (name) => {
    choose(name);
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
      setWrong('');
    } catch (error) {
      setWrong(error.message);
    }
  };
  return html`
    <section class="console" aria-labelledby="console">
      <h2 id="console">${t('start.console')}</h2>
      <p class="muted">${t('start.console_about')}</p>
      <form class="card line" onSubmit=${connect}>
        <label class="field">${t('start.channel')}
          <select value=${channel} disabled=${isOpen} onChange=${(event) => pick(event.target.value)}>
            ${CHANNELS.map((name) => html`<option key=${name} value=${name}>${PATHS[name]}</option>`)}
          </select>
        </label>
        <label class="field id">${t('start.id')}
          <input value=${id} inputmode="numeric" disabled=${isOpen} onInput=${(event) => type(event.target.value)} />
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
          <textarea rows="2" spellcheck="false" value=${text} aria-invalid=${wrong !== ''} aria-describedby="wrong"
            onInput=${(event) => setText(event.target.value)}></textarea>
        </label>
        <button class="button main" disabled=${!isOpen}>${t('start.send')}</button>
        <p class="wrong" id="wrong" role="alert">${wrong}</p>
      </form>
      <div class="frames" role="log" aria-label=${t('start.frames')} tabindex="0">
        ${socket.frames.length === 0 && html`<p class="muted">${t('start.no_frames')}</p>`}
        ${socket.frames.map(({ number, way, text: frame }) => html`
          <${Shown} key=${number} way=${way} text=${frame} />`)}
      </div>
    </section>
  `;
}

/** A frame: in one line, and whole where one wants to see it. */
function Shown({ way, text }) {
  const frame = parsed(text);
  const name = frame.error ? frame.code : (frame.type ?? frame.action ?? '');
  return html`
    <details class="frame-row" data-kind=${frame.error ? 'error' : way}>
      <summary>
        <span aria-hidden="true">${way === 'sent' ? '→' : '←'}</span>
        <strong>${name}</strong>
        ${frame.seq !== undefined && html`<span class="muted">seq ${frame.seq}</span>`}
        <span class="brief">${frame.error ?? text}</span>
      </summary>
      <pre>${JSON.stringify(frame, null, 2)}</pre>
    </details>
  `;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { error: text };
  }
}
