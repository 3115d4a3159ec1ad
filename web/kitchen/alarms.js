/**
 * Alarms in the header, where scrolling does not hide them: new orders that are out of view, and cancellations that
 * the cook has not acknowledged.
 */

import { html, t, useEffect } from '../shared/app.js';
import { tableName } from '../shared/table-name.js';
import { playSound } from './sound.js';
import { elementId } from './ticket.js';

/** How often the sound of an unacknowledged cancellation is repeated. */
const REPEAT_MS = 20_000;

export function Alarms({ orders, restaurant }) {
  const newOrders = orders.filter(({ isNew }) => isNew);
  const cancelled = orders.filter(({ status, newVoids }) => status === 'cancelled' || newVoids.length > 0);
  useRepeatedSound(cancelled.map(({ id, newVoids }) => `${id}/${newVoids.length}`).join());
  return html`
    <div class="alarms" role="status">
      ${cancelled.length > 0 && html`
        <${JumpButton} text="kitchen.was_cancelled" orders=${cancelled} restaurant=${restaurant} tone="danger" />`}
      ${newOrders.length > 0 && html`<${JumpButton} text="kitchen.is_new" orders=${newOrders} restaurant=${restaurant} tone="main" />`}
    </div>
  `;
}

/** Names the tables; scrolls to the first ticket. */
function JumpButton({ text, orders, restaurant, tone }) {
  const tables = [...new Set(orders.map(({ row }) => tableName(row, restaurant?.tables.list)))];
  const scrollToTicket = () => {
    const ticket = document.getElementById(elementId(orders[0])).closest('.ticket');
    ticket.scrollIntoView({ block: 'center' });
    /** @type {HTMLElement} */ (ticket).focus({ preventScroll: true });
  };
  return html`
    <button class="button ${tone}" onClick=${scrollToTicket}>
      ${t(text, { count: tables.length, tables: tables.join(', ') })}
    </button>
  `;
}

/** Plays a sound when the alarms change, and repeatedly until there are none. `alarms` identifies them, empty for none. */
function useRepeatedSound(alarms) {
  useEffect(() => {
    if (!alarms) return undefined;
    playSound('cancelled');
    const timer = setInterval(() => playSound('cancelled'), REPEAT_MS);
    return () => clearInterval(timer);
  }, [alarms]);
}
