/**
 * Records a payment. It is stored with its idempotency keys before it is sent, until it is answered: a payment that
 * is sent again, even after a reload, is recorded once.
 */

import { errorMessage, html, notify, qr, t, token, useState, useStoredState } from '../shared/app.js';
import { newRequestId } from '../client/requests.js';
import { locale } from '../shared/i18n.js';
import { addOwnPayment, removeOwnPayment } from './own-payments.js';
import { amountOf, cents, parseAmount, split } from './payment-split.js';

const METHODS = ['card', 'cash', 'voucher', 'online', 'other'];

const plainNumber = (amount) =>
  new Intl.NumberFormat(locale, { minimumFractionDigits: 2, useGrouping: false }).format(amount);

export function Payment({ session, money }) {
  const [pending, setPending] = useStoredState(`payment-${session.id}`);
  const [amount, setAmount] = useState(null);
  const [method, setMethod] = useState('card');
  const [busy, setBusy] = useState(false);
  const text = amount ?? plainNumber(session.balance);
  const total = parseAmount(text);
  const parts = total === null ? null : split(total, session.orders);

  const pay = async (event) => {
    event.preventDefault();
    const payment = pending ?? withKeys(parts, method);
    setPending(payment);
    setBusy(true);
    const isAnswered = await sendPayment(payment, setPending);
    setBusy(false);
    if (!isAnswered) return;
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
        <input inputmode="decimal" autocomplete="off" value=${text} aria-invalid=${parts === null}
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
      <button key=${text} class="button main wide" disabled=${busy || parts === null || token() === null}>
        ${t('waiter.take', { amount: money(total === null ? '0' : amountOf(total)) })}
      </button>
    </form>
  `;
}

/** The payment with a key for each of its parts. */
function withKeys(parts, method) {
  return { parts: parts.map((part) => ({ ...part, key: newRequestId() })), method };
}

const sum = (parts) => amountOf(parts.reduce((total, { amount }) => total + cents(amount), 0));

/**
 * Send the parts of a payment one by one; resolves to whether all are answered, even if with a refusal.
 * @param {{parts: any[], method: string}} payment
 * @param {(rest: any) => void} store stores the unanswered rest, before each part is sent
 */
export async function sendPayment({ parts, method }, store) {
  for (const [index, { order_id, amount, key }] of parts.entries()) {
    store({ parts: parts.slice(index), method });
    addOwnPayment({ order_id, amount, key });
    try {
      await qr.http.post(`/orders/${order_id}/payments`, { amount, method }, { key });
    } catch (error) {
      notify(errorMessage(error), 'bad');
      if (error.isFinal === true) removeOwnPayment({ order_id, amount });
      return error.isFinal === true;
    }
  }
  notify(t('waiter.paid'));
  return true;
}
