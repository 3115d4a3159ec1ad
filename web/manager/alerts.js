/** What needs a decision: alerts, calls without an answer, tasks, and orders that wait long. */

import { html, saying, t } from '../shared/app.js';
import { tableName } from '../shared/table-name.js';
import { late } from './states.js';

const NEWS = ['new_order', 'order_ready', 'payment'];

export function Alerts({ notes, orders, tables, channel, formats, now, onOpen }) {
  const open = notes.filter((note) => !note.acknowledged_at && !NEWS.includes(note.kind));
  const waiting = late(orders, now);
  const count = open.length + waiting.length;
  const acknowledge = ({ notification_id }) => saying(channel.request('acknowledge', { notification_id }));
  return html`
    <section class="needs" aria-labelledby="alerts">
      <h2 id="alerts">${t('manager.alerts')} ${count > 0 && html`<span class="pill" data-tone="bad">${count}</span>`}</h2>
      <ul class="alerts" aria-live="polite">
        ${count === 0 && html`<li class="card calm">${t('manager.quiet')}</li>`}
        ${open.map((note) => html`
          <li key=${note.notification_id} class="card row" data-kind=${note.kind}>
            <span class="what">
              <strong>${sentence(note, tables)}</strong>
              <span class="muted small">
                ${formats.minutes(note.created_at, now)}${note.escalated_to ? ` · ${t(`manager.escalated.${note.escalated_to}`)}` : ''}
              </span>
            </span>
            <button class="button" onClick=${() => acknowledge(note)}>${t('manager.noted')}</button>
          </li>`)}
        ${waiting.map((order) => html`
          <li key=${`order-${order.order_id}`} class="card row" data-kind="late">
            <span class="what">
              <strong>${t('manager.waits_long', { number: tableName(order, tables) })}</strong>
              <span class="muted small">${t(`manager.order.${order.status}`)} · ${formats.minutes(order.created_at, now)}</span>
            </span>
            <button class="button" onClick=${() => onOpen(order.order_id)}>${t('manager.look')}</button>
          </li>`)}
      </ul>
    </section>
  `;
}

function sentence(note, tables) {
  const { kind, reason, message } = note;
  const number = note.table_number && tableName(note, tables);
  if (kind === 'call') return t(`manager.call.${reason}`, { number });
  return number ? `${t('manager.table', { number })}: ${message}` : message;
}
