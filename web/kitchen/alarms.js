/**
 * In the header, where no scrolling hides it: which new orders are out of view, and what was cancelled
 * that the cook does not know about yet.
 */

import { html, t, useEffect } from '../shared/app.js';
import { tableName } from '../shared/table-name.js';
import { sound } from './sound.js';
import { elementId } from './ticket.js';

/** Milliseconds between two alarms for the same cancellation. */
const REPEAT_MS = 20_000;

export function Alarms({ orders, place }) {
  const fresh = orders.filter(({ isNew }) => isNew);
  const cancelled = orders.filter(({ status, newVoids }) => status === 'cancelled' || newVoids.length > 0);
  useRepeatedSound(cancelled.map(({ id, newVoids }) => `${id}/${newVoids.length}`).join());
  return html`
    <div class="alarms" role="status">
      ${cancelled.length > 0 && html`
        <${Jump} text="kitchen.was_cancelled" orders=${cancelled} place=${place} tone="danger" />`}
      ${fresh.length > 0 && html`<${Jump} text="kitchen.is_new" orders=${fresh} place=${place} tone="main" />`}
    </div>
  `;
}

/** Names the tables, and leads to the first of their tickets. */
function Jump({ text, orders, place, tone }) {
  const tables = [...new Set(orders.map(({ row }) => tableName(row, place?.tables.list)))];
  const show = () => {
    const ticket = document.getElementById(elementId(orders[0])).closest('.ticket');
    ticket.scrollIntoView({ block: 'center' });
    /** @type {HTMLElement} */ (ticket).focus({ preventScroll: true });
  };
  return html`
    <button class="button ${tone}" onClick=${show}>
      ${t(text, { count: tables.length, tables: tables.join(', ') })}
    </button>
  `;
}

/** Sounds when there is something to say that was not said before, and again until there is nothing. */
function useRepeatedSound(alarms) {
  useEffect(() => {
    if (!alarms) return undefined;
    sound('cancelled');
    const timer = setInterval(() => sound('cancelled'), REPEAT_MS);
    return () => clearInterval(timer);
  }, [alarms]);
}
