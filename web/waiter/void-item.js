/** Voids one or more units of an item. It takes a reason, which is stored in the audit log. */

import { html, notify, qr, t, token, useState, withErrorNotice } from '../shared/app.js';
import { Stepper } from './stepper.js';

const OPEN_STATUSES = ['pending', 'confirmed', 'ready'];

export function VoidItem({ order, item }) {
  const [isOpen, setOpen] = useState(false);
  const [units, setUnits] = useState(1);
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  if (!OPEN_STATUSES.includes(order.status) || item.status === 'voided' || token() === null) return null;
  if (!isOpen) {
    return html`
      <button class="button quiet void" aria-label=${t('waiter.void.of', { name: item.name })}
        onClick=${() => setOpen(true)}>${t('waiter.void.open')}</button>
    `;
  }
  const count = Math.min(units, item.quantity);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    const body = { items: [{ item_id: item.item_id, units: count }], reason: reason.trim() };
    const done = await withErrorNotice(qr.http.post(`/orders/${order.order_id}/voids`, body));
    setBusy(false);
    if (!done) return;
    notify(t('waiter.void.done', { count, name: item.name }));
    setOpen(false);
    setUnits(1);
    setReason('');
  };
  return html`
    <form class="card void-form" onSubmit=${submit}>
      ${item.quantity > 1 && html`
        <${Stepper} text=${t('waiter.void.units')} fewer=${t('waiter.void.fewer')} more=${t('waiter.void.more')}
          count=${count} most=${item.quantity} onChange=${setUnits} />`}
      <label class="field">${t('waiter.void.reason')}
        <input required maxlength="200" autocomplete="off" value=${reason} onInput=${(event) => setReason(event.target.value)} />
      </label>
      <div class="row">
        <button type="button" class="button quiet" onClick=${() => setOpen(false)}>${t('waiter.void.keep')}</button>
        <button class="button danger" disabled=${busy || !reason.trim()}>
          ${t('waiter.void.send', { count, name: item.name })}</button>
      </div>
    </form>
  `;
}
