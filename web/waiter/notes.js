/** Which of a waiter's notices and calls ask for nothing more. Pure. */

import { isLeftBehind, isUndone } from '../shared/orders.js';

const OF_ORDERS = ['new_order', 'order_ready'];

/** Whether the order of a notice is delivered or cancelled, according to its party. */
export function isServed({ kind, order_id }, parties) {
  if (!OF_ORDERS.includes(kind)) return false;
  const order = parties.flatMap(({ orders }) => orders).find((each) => each.order_id === order_id);
  return order !== undefined && !isUndone(order);
}

/** Whether a notice's order is done according to its party or its restaurant, or its party has left. */
export function isOver(note, parties, home) {
  if (!OF_ORDERS.includes(note.kind) && note.kind !== 'payment') return false;
  if (!home) return isServed(note, parties);
  return isServed(note, [...parties, { orders: home.open_orders }]) || isLeftBehind(note, home.tables.list);
}

/** A party's calls for the bill that a later payment of all that was open has answered. */
export function answeredBills({ table_id, balance, calls }, notes) {
  if (Number(balance) > 0) return [];
  const payments = notes.filter((note) => note.kind === 'payment' && note.table_id === table_id);
  return calls.filter(({ reason, status, opened_at }) =>
    reason === 'bill' && status !== 'resolved' && payments.some(({ created_at }) => created_at >= opened_at));
}
