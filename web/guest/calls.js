/** Buttons that call a waiter or ask for the bill. */

import { html, Icon, qr, t, useFormats, useState, withErrorNotice } from '../shared/app.js';

export function Service({ session, menu }) {
  return html`
    <h2 id="service-title">${t('guest.service.title')}</h2>
    <div class="cards">
      <${CallButton} session=${session} reason="waiter" menu=${menu} />
      <${CallButton} session=${session} reason="bill" menu=${menu} />
    </div>
  `;
}

/** Calls a waiter for a reason; while the call is open, shows its status. */
export function CallButton({ session, reason, menu }) {
  const [isSending, setIsSending] = useState(false);
  const { time } = useFormats(menu);
  const call = session.calls.filter((each) => each.reason === reason && each.status !== 'resolved').pop();
  const isSettled = reason === 'bill' && Number(session.total_amount) > 0 && Number(session.balance) === 0;
  const text = reason === 'bill' && call?.status === 'open' ? 'guest.service.bill_open' : `guest.service.${call?.status}`;
  const sendCall = async () => {
    setIsSending(true);
    await withErrorNotice(qr.session(session.id).request('call_waiter', { reason }));
    setIsSending(false);
  };
  if (isSettled) return html`<div class="call"><p role="status">${t('guest.service.settled')}</p></div>`;
  return html`
    <div class="call">
      <button class="button" disabled=${isSending || call !== undefined} onClick=${sendCall}>
        <${Icon} name=${reason} />${t(`guest.service.${reason}`)}
      </button>
      <p class="muted small" role="status">
        ${call && t(text, { time: time(call.opened_at) })}
        ${!call && isSending && t('guest.service.waits')}
      </p>
    </div>
  `;
}
