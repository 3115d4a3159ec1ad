/**
 * The items of orders, read over HTTP: a WebSocket per order would be too expensive, and the page that lists the
 * orders is notified of each change anyway.
 */

import { html, useEffect, useRef } from '../vendor/preact-htm.js';
import { useForceUpdate } from './hooks.js';
import { Options } from './options.js';
import { qr } from './client.js';

const FINAL_STATUSES = ['delivered', 'cancelled'];

/**
 * The loaded orders with their items, by order id.
 * @param {number[]} ids
 * @param {unknown} version of the list that names them; open orders are read again when it changes
 * @returns {Map<number, {status: string, items: any[]}>}
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

/** A list such as `2 × Soup`, with options and notes. `texts` are the labels of `ready` and `voided` items. */
export function OrderItems({ order, texts }) {
  const labels = order.status === 'confirmed' ? texts : { ...texts, ready: null }; // in later statuses every item is ready
  return html`
    <ul class="dishes">
      ${order.items.map(({ item_id, quantity, name, options, notes, status }) => html`
        <li key=${item_id} data-status=${status}>
          <span class="amount">${quantity} ×</span>
          <span>
            <span class="name">${name}</span><${Options} options=${options} />
            ${notes && html`<em class="notes">${notes}</em>`}
            ${labels[status] && html`<span class="small status">${labels[status]}</span>`}
          </span>
        </li>`)}
    </ul>
  `;
}
