/**
 * Taking money. Each payment has its key before it is sent, and keeps it until it is answered, also
 * when the page is closed meanwhile: what was sent twice is taken once.
 */

import { forget, html, qr, reason, recall, remember, t, tell, token, useState } from '../shared/app.js';
import { newRequestId } from '../client/requests.js';
import { locale } from '../shared/i18n.js';
import { expect, settle } from './own-payments.js';
import { amountOf, cents, split, typed } from './split.js';

const METHODS = ['card', 'cash', 'voucher', 'online', 'other'];

const plain = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, useGrouping: false });

export function Payment({ session, money }) {
  const kept = `payment-${session.id}`;
  const [pending, setPending] = useState(() => recall(kept));
  const [amount, setAmount] = useState(null);
  const [method, setMethod] = useState('card');
  const [busy, setBusy] = useState(false);
  const shown = amount ?? plain.format(session.balance);
  const total = typed(shown);
  const parts = total === null ? null : split(total, session.orders);

  const pay = async (event) => {
    event.preventDefault();
    const paying = pending ?? planned(parts, method);
    remember(kept, paying);
    setPending(paying);
    setBusy(true);
    const answered = await sent(paying, (left) => remember(kept, left));
    setBusy(false);
    if (!answered) return;
    forget(kept);
    setPending(null);
    setAmount(null);
  };

  if (pending && !busy) {
    return html`
      <form class="payment card" onSubmit=${pay}>
        <p role="alert">${t('waiter.unanswered', { amount: money(sum(pending.parts)) })}</p>
        <button key="again" class="button main wide">${t('waiter.again')}</button>
      </form>
    `;
  }
  return html`
    <form class="payment card" onSubmit=${pay}>
      <h3>${t('waiter.payment')}</h3>
      <label class="field">${t('waiter.amount')}
        <input inputmode="decimal" autocomplete="off" value=${shown} aria-invalid=${parts === null}
          aria-describedby="balance" onInput=${(event) => setAmount(event.target.value)} />
      </label>
      <p class="muted small" data-tone=${parts === null ? 'bad' : null} id="balance" role="status">
        ${t(parts === null ? 'waiter.at_most' : 'waiter.balance', { amount: money(session.balance) })}
      </p>
      <fieldset class="methods">
        <legend class="visually-hidden">${t('waiter.method')}</legend>
        ${METHODS.map((each) => html`
          <label key=${each}>
            <input type="radio" name="method" value=${each} checked=${each === method}
              onChange=${() => setMethod(each)} />
            <span>${t(`waiter.methods.${each}`)}</span>
          </label>`)}
      </fieldset>
      <button key=${shown} class="button main wide" disabled=${busy || parts === null || token() === null}>
        ${t('waiter.take', { amount: money(total === null ? '0' : amountOf(total)) })}
      </button>
    </form>
  `;
}

function planned(parts, method) {
  return { parts: parts.map((part) => ({ ...part, key: newRequestId() })), method };
}

const sum = (parts) => amountOf(parts.reduce((total, { amount }) => total + cents(amount), 0));

/** Send what is still to be paid; whether all of it was answered, with yes or no. */
export async function sent({ parts, method }, keep) {
  for (const [index, { order_id, amount, key }] of parts.entries()) {
    keep({ parts: parts.slice(index), method });
    expect({ order_id, amount, key });
    try {
      await qr.http.post(`/orders/${order_id}/payments`, { amount, method }, { key });
    } catch (error) {
      tell(reason(error), 'bad');
      if (error.isFinal === true) settle({ order_id, amount });
      return error.isFinal === true;
    }
  }
  tell(t('waiter.paid'));
  return true;
}
