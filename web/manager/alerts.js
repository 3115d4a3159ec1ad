/** What needs attention: alerts, unanswered calls, tasks, and late orders. */

import { html, t, withErrorNotice } from '../shared/app.js';
import { tableName } from '../shared/table-name.js';
import { lateOrders } from './states.js';

/** Kinds that need no action. */
const INFORMATIONAL = ['new_order', 'order_ready', 'payment'];

export function Alerts({ notifications, orders, tables, channel, formats, now, onOpen }) {
  const open = notifications.filter(({ kind, acknowledged_at }) => !acknowledged_at && !INFORMATIONAL.includes(kind));
  const late = lateOrders(orders, now);
  const count = open.length + late.length;
  const acknowledge = ({ notification_id }) => withErrorNotice(channel.request('acknowledge', { notification_id }));
  return html`
    <section class="attention" aria-labelledby="alerts">
      <h2 id="alerts">${t('manager.alerts')} ${count > 0 && html`<span class="pill" data-tone="bad">${count}</span>`}</h2>
      <ul class="alerts" aria-live="polite">
        ${count === 0 && html`<li class="card empty-state">${t('manager.quiet')}</li>`}
        ${open.map((notification) => html`
          <li key=${notification.notification_id} class="card row" data-kind=${notification.kind}>
            <span class="details">
              <strong>${textOf(notification, tables)}</strong>
              <span class="muted small">
                ${formats.minutes(notification.created_at, now)}${notification.escalated_to ? ` · ${t(`manager.escalated.${notification.escalated_to}`)}` : ''}
              </span>
            </span>
            <button class="button" onClick=${() => acknowledge(notification)}>${t('manager.noted')}</button>
          </li>`)}
        ${late.map((order) => html`
          <li key=${`order-${order.order_id}`} class="card row" data-kind="late">
            <span class="details">
              <strong>${t('manager.waits_long', { number: tableName(order, tables) })}</strong>
              <span class="muted small">${t(`manager.order.${order.status}`)} · ${formats.minutes(order.created_at, now)}</span>
            </span>
            <button class="button" onClick=${() => onOpen(order.order_id)}>${t('manager.look')}</button>
          </li>`)}
      </ul>
    </section>
  `;
}

function textOf(notification, tables) {
  const { kind, reason, message } = notification;
  const number = notification.table_number && tableName(notification, tables);
  if (kind === 'call') return t(`manager.call.${reason}`, { number });
  return number ? `${t('manager.table', { number })}: ${message}` : message;
}
