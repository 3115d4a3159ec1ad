/** Orders in progress, then unpaid ones, each the oldest first. */

import { html, t } from '../shared/app.js';
import { orderNumber } from '../shared/orders.js';
import { tableName } from '../shared/table-name.js';
import { isLate, ordersInProgress } from './states.js';

export function Orders({ orders, tables, formats, now, onOpen }) {
  const inProgress = ordersInProgress(orders);
  const sorted = [...inProgress, ...orders.filter((order) => !inProgress.includes(order) && Number(order.balance) > 0)];
  return html`
    <section aria-labelledby="orders">
      <h2 id="orders">${t('manager.orders')}</h2>
      ${sorted.length === 0 && html`<p class="card empty-state">${t('manager.no_orders')}</p>`}
      <ul class="open-orders">
        ${sorted.map((order) => html`
          <li key=${order.order_id}>
            <button class="card order" onClick=${() => onOpen(order.order_id)}>
              <span class="number">${tableName(order, tables)}</span>
              <span class="details">
                <span class="pill" data-tone=${toneOf(order, now)}>${t(`manager.order.${order.status}`)}</span>
                <span class="muted small">${t('manager.order_number', { number: orderNumber(order) })} · ${formats.minutes(order.created_at, now)} · ${t('manager.items', { count: order.items_count })}</span>
              </span>
              <span class="amount">${formats.money(order.total_amount)}</span>
            </button>
          </li>`)}
      </ul>
    </section>
  `;
}

function toneOf(order, now) {
  if (order.status === 'ready') return 'good';
  if (order.status === 'delivered') return null;
  return isLate(order, now) ? 'bad' : 'warn';
}
