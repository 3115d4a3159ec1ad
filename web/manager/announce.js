/** A form for announcements to all staff, all waiters or one waiter, and the latest announcements. */

import { html, notify, qr, t, token, useEffect, useState, withErrorNotice } from '../shared/app.js';

const MAX_SHOWN = 5;

export function Announce({ restaurant, channel, formats }) {
  const [recipient, setRecipient] = useState('everybody');
  const [message, setMessage] = useState('');
  const [announcements, setAnnouncements] = useState([]);
  useEffect(
    () => channel.on('broadcast', (data) => setAnnouncements((earlier) => [data, ...earlier].slice(0, MAX_SHOWN))),
    [channel],
  );

  const send = async (event) => {
    event.preventDefault();
    const text = message.trim();
    if (!text || !(await withErrorNotice(qr.http.post(pathFor(recipient, restaurant.id), { message: text })))) return;
    setMessage('');
    notify(t('manager.sent'));
  };
  return html`
    <section class="announce" aria-labelledby="announce">
      <h2 id="announce">${t('manager.announce')}</h2>
      <form class="card" onSubmit=${send}>
        <label class="field">${t('manager.to')}
          <select value=${recipient} onChange=${(event) => setRecipient(event.target.value)}>
            <option value="everybody">${t('manager.everybody')}</option>
            <option value="waiters">${t('manager.waiters')}</option>
            ${restaurant.waiters.map(({ waiter_id, name }) => html`
              <option key=${waiter_id} value=${waiter_id}>${t('manager.task_for', { name })}</option>`)}
          </select>
        </label>
        <label class="field">${t('manager.message')}
          <textarea rows="3" maxlength="500" value=${message}
            onInput=${(event) => setMessage(event.target.value)}></textarea>
        </label>
        <button class="button main" disabled=${!message.trim() || token() === null}>${t('manager.send')}</button>
      </form>
      <ul class="announcements" aria-live="polite">
        ${announcements.map((each) => html`
          <li key=${each.sent_at} class="row"><span>${each.message}</span>
            <span class="muted small">${formats.time(each.sent_at)}</span></li>`)}
      </ul>
    </section>
  `;
}

function pathFor(recipient, id) {
  if (recipient === 'everybody') return `/restaurants/${id}/broadcasts`;
  return recipient === 'waiters' ? `/restaurants/${id}/alerts` : `/waiters/${recipient}/tasks`;
}
