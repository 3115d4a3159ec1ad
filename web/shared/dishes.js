/**
 * The dishes of orders. They are read over HTTP: a socket for each order would be too expensive, and the page
 * that lists the orders receives each change anyway.
 */

import { html, useEffect, useRef } from '../vendor/preact-htm.js';
import { useRedraw } from './live.js';
import { Options } from './options.js';
import { qr } from './service.js';

const OVER = ['delivered', 'cancelled'];

/**
 * These orders with their items, by the order's id, as far as they are known.
 * @param {number[]} ids
 * @param {unknown} version of what lists them: with each other one, open orders are read again
 * @returns {Map<number, {status: string, items: any[]}>}
 */
export function useDishes(ids, version) {
  const redraw = useRedraw();
  const known = useRef(new Map());
  useEffect(() => {
    const replaced = new AbortController();
    const { signal } = replaced;
    for (const id of ids) {
      if (OVER.includes(known.current.get(id)?.status)) continue; // it does not change any more
      qr.http.get(`/orders/${id}/items`, { signal, tries: Infinity }).then(
        ({ data }) => {
          known.current.set(id, data);
          redraw();
        },
        () => {}, // a later change replaced the request, or it was refused
      );
    }
    return () => replaced.abort();
  }, [ids.join(), version]);
  return known.current;
}

/** `2 × Soup`, with the guest's wishes; `texts` names what is ready and what is cancelled. */
export function Dishes({ order, texts }) {
  const marks = order.status === 'confirmed' ? texts : { ...texts, ready: null }; // later all of them are ready
  return html`
    <ul class="dishes">
      ${order.items.map(({ item_id, quantity, name, options, notes, status }) => html`
        <li key=${item_id} data-status=${status}>
          <span class="amount">${quantity} ×</span>
          <span>
            <span class="name">${name}</span><${Options} options=${options} />
            ${notes && html`<em class="notes">${notes}</em>`}
            ${marks[status] && html`<span class="small status">${marks[status]}</span>`}
          </span>
        </li>`)}
    </ul>
  `;
}
