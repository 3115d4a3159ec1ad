/** Wishes that need a person: a waiter, the bill. */

import { html, Icon, qr, saying, t, useFormats, useState } from '../shared/app.js';

export function Service({ session, menu }) {
  return html`
    <h2 id="service-title">${t('guest.service.title')}</h2>
    <div class="cards">
      <${CallButton} session=${session} reason="waiter" menu=${menu} />
      <${CallButton} session=${session} reason="bill" menu=${menu} />
    </div>
  `;
}

/** Calls somebody; while the call is open, says how far it is. */
export function CallButton({ session, reason, menu }) {
  const [waiting, wait] = useState(false);
  const { time } = useFormats(menu);
  const call = session.calls.filter((each) => each.reason === reason && each.status !== 'resolved').pop();
  const isSettled = reason === 'bill' && Number(session.total_amount) > 0 && Number(session.balance) === 0;
  const text = reason === 'bill' && call?.status === 'open' ? 'guest.service.bill_open' : `guest.service.${call?.status}`;
  const ask = async () => {
    wait(true);
    await saying(qr.session(session.id).request('call_waiter', { reason }));
    wait(false);
  };
  if (isSettled) return html`<div class="call"><p role="status">${t('guest.service.settled')}</p></div>`;
  return html`
    <div class="call">
      <button class="button" disabled=${waiting || call !== undefined} onClick=${ask}>
        <${Icon} name=${reason} />${t(`guest.service.${reason}`)}
      </button>
      <p class="muted small" role="status">
        ${call && t(text, { time: time(call.opened_at) })}
        ${!call && waiting && t('guest.service.waits')}
      </p>
    </div>
  `;
}
