/** Marks one ready item as served, before the rest of its order is. */

import { html, notify, qr, t, token, useState, withErrorNotice } from '../shared/app.js';
import { isServedAhead } from '../shared/orders.js';

const STATUSES = ['confirmed', 'ready'];

export function ServeItem({ order, item }) {
  const [busy, setBusy] = useState(false);
  const { item_id, name, status } = item;
  if (status !== 'ready' || !STATUSES.includes(order.status) || isServedAhead(item, order) || token() === null) return null;
  const serve = async () => {
    setBusy(true);
    const body = { item_ids: [item_id] };
    if (await withErrorNotice(qr.http.post(`/orders/${order.order_id}/deliveries`, body))) notify(t('waiter.serve.done', { name }));
    setBusy(false);
  };
  return html`
    <button class="button serve" disabled=${busy} aria-label=${t('waiter.serve.of', { name })} onClick=${serve}>${t('waiter.serve.open')}</button>
  `;
}
