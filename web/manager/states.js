/** What a manager wants to know of tables and orders, from the restaurant's data. Pure. */

import { isUndone } from '../shared/orders.js';

/** Minutes after which guests have waited long. */
const LONG_WAIT = 20;

/** Orders that are still to be done, who has waited longest first. */
export function undone(orders) {
  const open = orders.filter(isUndone);
  return open.sort((a, b) => a.created_at.localeCompare(b.created_at));
}

/** The open orders of the party at a table; an earlier party's debts are not theirs. */
export function ordersAt({ table_id, table_number, session }, orders) {
  if (!session) return [];
  const isHere = (order) => // orders of older versions name their table by its number alone
    (order.table_id == null ? order.table_number === table_number : order.table_id === table_id);
  return orders.filter((order) => isHere(order) && order.created_at >= session.started_at);
}

/** Orders whose guests have waited long, the longest first. */
export function late(orders, now) {
  return undone(orders).filter((order) => isLate(order, now));
}

/** `off`, `free`, `seated`, `waiting`, `late`, `ready` or `paying`, and since when. */
export function stateOf(table, orders, now) {
  if (!table.is_occupied) return { state: table.is_active ? 'free' : 'off', since: null };
  const own = ordersAt(table, orders);
  const [first] = undone(own);
  const { started_at } = table.session;
  if (own.some(({ status }) => status === 'ready')) return { state: 'ready', since: started_at };
  if (first) return { state: isLate(first, now) ? 'late' : 'waiting', since: first.created_at };
  return { state: own.length > 0 ? 'paying' : 'seated', since: started_at };
}

export function isLate({ created_at }, now) {
  return (now - Date.parse(created_at)) / 60_000 >= LONG_WAIT;
}

/** Tables by zone, each zone in the order of its tables' numbers. */
export function zones(tables) {
  const byNumber = (a, b) => a.table_number.localeCompare(b.table_number, 'en', { numeric: true });
  const found = new Map();
  for (const table of [...tables].sort(byNumber)) {
    found.set(table.zone, [...(found.get(table.zone) ?? []), table]);
  }
  return [...found];
}
