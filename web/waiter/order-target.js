/** What a draft's lines become: a new order, or more items of an order that can still take them. */

import { html, t } from '../shared/app.js';
import { orderNumber } from '../shared/orders.js';

const OPEN_STATUSES = ['pending', 'confirmed'];

/** The session's orders that take more items, the latest first. */
export const openOrders = ({ orders }) => orders.filter(({ status }) => OPEN_STATUSES.includes(status)).reverse();

/** The number of one of the session's orders. */
export const numberOf = ({ orders }, orderId) => orderNumber(orders.find(({ order_id }) => order_id === orderId) ?? { order_id: orderId });

/** `orderId` is the chosen order's, null for a new one. If the chosen order is closed by now, it says so. */
export function OrderTarget({ session, orderId, onChange }) {
  const orders = openOrders(session);
  const target = orders.find(({ order_id }) => order_id === orderId);
  const choices = [{ id: null, text: t('waiter.pad.new_order') }, ...orders.map(({ order_id: id, status }) => (
    { id, text: t('waiter.pad.add_to_order', { number: numberOf(session, id), status: t(`waiter.orders.${status}`) }) }))];
  return html`
    ${orderId !== null && !target && html`<p class="card" role="alert">${t('waiter.pad.too_late', { number: numberOf(session, orderId) })}</p>`}
    ${orders.length > 0 && html`
      <fieldset class="group">
        <legend>${t('waiter.pad.target')}</legend>
        ${choices.map(({ id, text }) => html`
          <label key=${id} class="choice">
            <input type="radio" name="target" checked=${id === (target?.order_id ?? null)} onChange=${() => onChange(id)} /><span>${text}</span>
          </label>`)}
      </fieldset>`}
  `;
}
