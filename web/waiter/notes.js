/** Which of a waiter's notices and calls ask for nothing more. Pure. */

import { isUndone } from '../shared/orders.js';

const OF_ORDERS = ['new_order', 'order_ready'];

/** Whether the order of a notice is delivered or cancelled, according to its party. */
export function isServed({ kind, order_id }, parties) {
  if (!OF_ORDERS.includes(kind)) return false;
  const order = parties.flatMap(({ orders }) => orders).find((each) => each.order_id === order_id);
  return order !== undefined && !isUndone(order);
}

/** The calls for the bill of a party that has paid all that it ordered. */
export function answeredBills({ total_amount, balance, calls }) {
  if (Number(balance) > 0 || Number(total_amount) === 0) return [];
  return calls.filter(({ reason, status }) => reason === 'bill' && status !== 'resolved');
}
