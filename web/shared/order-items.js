/**
 * The items of orders, read over HTTP: a WebSocket per order would be too expensive, and the page that lists the
 * orders is notified of each change anyway.
 */

import { html, useEffect, useRef } from '../vendor/preact-htm.js';
import { useForceUpdate } from './hooks.js';
import { Options } from './options.js';
import { isServedAhead } from './orders.js';
import { qr } from './client.js';

const FINAL_STATUSES = ['delivered', 'cancelled'];

/**
 * The loaded orders with their items, by order id.
 * @param {number[]} ids
 * @param {unknown} version of the list that names them; open orders are read again when it changes
 * @returns {Map<number, {order_id: number, number: number | null, status: string, items: any[]}>}
 */
export function useOrderItems(ids, version) {
  const forceUpdate = useForceUpdate();
  const loaded = useRef(new Map());
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    for (const id of ids) {
      if (FINAL_STATUSES.includes(loaded.current.get(id)?.status)) continue; // its items do not change any more
      qr.http.get(`/orders/${id}/items`, { signal, tries: Infinity }).then(
        ({ data }) => {
          loaded.current.set(id, data);
          forceUpdate();
        },
        () => {}, // aborted because of a newer version, or refused
      );
    }
    return () => controller.abort();
  }, [ids.join(), version]);
  return loaded.current;
}

/** How many units of an item were voided while others stayed. */
export const voidedUnits = ({ voids = [] }) => voids.reduce((sum, { units }) => sum + units, 0);

function labelOf(item, order, texts) {
  if (item.status === 'voided') return texts.voided;
  if (isServedAhead(item, order)) return texts.served;
  return item.status === 'ready' && order.status === 'confirmed' ? texts.ready : null; // later every item is ready
}

const Status = ({ text }) => text && html`<span class="small status">${text}</span>`;

/**
 * A list such as `2 × Soup`, with options and notes. `texts` are the labels of `ready`, `served` and `voided` items,
 * and `fewer(count)` that of voided units. `actions(item)` renders the buttons of an item.
 */
export function OrderItems({ order, texts, actions = null }) {
  return html`
    <ul class="dishes">
      ${order.items.map((item) => html`
        <li key=${item.item_id} data-status=${item.status}>
          <span class="amount">${item.quantity} ×</span>
          <span class="dish">
            <span class="name">${item.name}</span><${Options} options=${item.options} />
            ${item.notes && html`<em class="notes">${item.notes}</em>`}
            <${Status} text=${labelOf(item, order, texts)} />
            ${voidedUnits(item) > 0 && html`<${Status} text=${texts.fewer(voidedUnits(item))} />`}
          </span>
          ${actions?.(item)}
        </li>`)}
    </ul>
  `;
}
