/** Saying something to everybody, to all waiters or to one of them. */

import { html, qr, saying, t, tell, token, useEffect, useState } from '../shared/app.js';

export function Announce({ home, channel, formats }) {
  const [to, setTo] = useState('everybody');
  const [message, setMessage] = useState('');
  const [said, hear] = useState([]);
  useEffect(() => channel.on('broadcast', (data) => hear((before) => [data, ...before].slice(0, 5))), [channel]);

  const send = async (event) => {
    event.preventDefault();
    const text = message.trim();
    if (!text || !(await saying(qr.http.post(pathTo(to, home.id), { message: text })))) return;
    setMessage('');
    tell(t('manager.sent'));
  };
  return html`
    <section class="announce" aria-labelledby="announce">
      <h2 id="announce">${t('manager.announce')}</h2>
      <form class="card" onSubmit=${send}>
        <label class="field">${t('manager.to')}
          <select value=${to} onChange=${(event) => setTo(event.target.value)}>
            <option value="everybody">${t('manager.everybody')}</option>
            <option value="waiters">${t('manager.waiters')}</option>
            ${home.waiters.map(({ waiter_id, name }) => html`
              <option key=${waiter_id} value=${waiter_id}>${t('manager.task_for', { name })}</option>`)}
          </select>
        </label>
        <label class="field">${t('manager.message')}
          <textarea rows="3" maxlength="500" value=${message}
            onInput=${(event) => setMessage(event.target.value)}></textarea>
        </label>
        <button class="button main" disabled=${!message.trim() || token() === null}>${t('manager.send')}</button>
      </form>
      <ul class="said" aria-live="polite">
        ${said.map((each) => html`
          <li key=${each.sent_at} class="row"><span>${each.message}</span>
            <span class="muted small">${formats.time(each.sent_at)}</span></li>`)}
      </ul>
    </section>
  `;
}

function pathTo(to, id) {
  if (to === 'everybody') return `/restaurants/${id}/broadcasts`;
  return to === 'waiters' ? `/restaurants/${id}/alerts` : `/waiters/${to}/tasks`;
}
