/** Which of a waiter's notifications and calls need no action any more. Pure. */

import { isInProgress } from '../shared/orders.js';

const ORDER_KINDS = ['new_order', 'order_ready'];

/** Whether a notification is about an order that is delivered or cancelled, according to these sessions. */
export function isServed({ kind, order_id }, sessions) {
  if (!ORDER_KINDS.includes(kind)) return false;
  const order = sessions.flatMap(({ orders }) => orders).find((each) => each.order_id === order_id);
  return order !== undefined && !isInProgress(order);
}

/** The unresolved calls for the bill of a session that has paid for everything. */
export function answeredBills({ total_amount, balance, calls }) {
  if (Number(balance) > 0 || Number(total_amount) === 0) return [];
  return calls.filter(({ reason, status }) => reason === 'bill' && status !== 'resolved');
}
