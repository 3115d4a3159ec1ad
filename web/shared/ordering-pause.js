/** Stops guests' orders for a while, and takes them again. */

import { html, useState } from '../vendor/preact-htm.js';
import { newRequestId } from '../client/requests.js';
import { qr, token } from './client.js';
import { useFormats } from './format.js';
import { useNow } from './hooks.js';
import { t } from './i18n.js';
import { withErrorNotice } from './notices.js';
import { Sheet } from './sheet.js';

const MINUTES = [15, 30, 60];

/** The button in the header. `menu` is the data of the menu's channel, null until it is known. */
export function PauseButton({ id, menu }) {
  const [isOpen, setIsOpen] = useState(false);
  const now = useNow(15);
  const [message, setMessage] = useState('');
  if (!menu?.ordering || token() === null) return null;
  const pause = async (minutes) => {
    const until = minutes === null ? null : new Date(Number(now) + minutes * 60_000).toISOString();
    const body = { until, message: message.trim() || null };
    if (await withErrorNotice(qr.http.post(`/restaurants/${id}/pause`, body, { key: newRequestId() }))) setIsOpen(false);
  };
  return html`
    ${!menu.ordering.paused && html`<button class="button" aria-haspopup="dialog" onClick=${() => setIsOpen(true)}>${t('shared.ordering.pause')}</button>`}
    ${isOpen && html`
      <${Sheet} title=${t('shared.ordering.title')} onClose=${() => setIsOpen(false)}>
        <p>${t('shared.ordering.how')}</p>
        <label class="field">${t('shared.ordering.message')}
          <input maxlength="200" value=${message} onInput=${({ target }) => setMessage(target.value)} />
        </label>
        ${MINUTES.map((minutes) => html`
          <button key=${minutes} class="button wide" disabled=${!now} onClick=${() => pause(minutes)}>${t('shared.minutes', { count: minutes })}</button>`)}
        <button class="button wide" onClick=${() => pause(null)}>${t('shared.ordering.until_resumed')}</button>
      <//>`}
  `;
}

/** The notice during a pause. Staff get a button to end it. */
export function PauseNotice({ id, menu }) {
  const { time } = useFormats(menu);
  if (!menu?.ordering?.paused) return null;
  const { until, message } = menu.ordering;
  const resume = () => withErrorNotice(qr.http.post(`/restaurants/${id}/resume`, {}, { key: newRequestId() }));
  return html`
    <div class="card row pause" role="status">
      <span><strong>${until ? t('shared.ordering.paused_until', { time: time(until) }) : t('shared.ordering.paused')}</strong> ${message}</span>
      ${id !== undefined && token() !== null && html`<button class="button" onClick=${resume}>${t('shared.ordering.resume')}</button>`}
    </div>
  `;
}
