/** The states of tables and orders on the manager's page. Pure. */

import { isInProgress } from '../shared/orders.js';

/** Age in minutes from which an order is late. */
const LATE_MINUTES = 20;

/** Orders that are neither delivered nor cancelled, the oldest first. */
export function ordersInProgress(orders) {
  return orders.filter(isInProgress).sort((a, b) => a.created_at.localeCompare(b.created_at));
}

/** The open orders of a table's session, without unpaid ones of earlier sessions. */
export function ordersAt({ table_id, table_number, session }, orders) {
  if (!session) return [];
  const isHere = (order) => // orders of earlier releases have only the table's number
    (order.table_id == null ? order.table_number === table_number : order.table_id === table_id);
  return orders.filter((order) => isHere(order) && order.created_at >= session.started_at);
}

/** Late orders, the oldest first. */
export function lateOrders(orders, now) {
  return ordersInProgress(orders).filter((order) => isLate(order, now));
}

/** A table's `state` (`off`, `free`, `seated`, `waiting`, `late`, `ready` or `paying`), and since when it is so. */
export function stateOf(table, orders, now) {
  if (!table.is_occupied) return { state: table.is_active ? 'free' : 'off', since: null };
  const own = ordersAt(table, orders);
  const [first] = ordersInProgress(own);
  const { started_at } = table.session;
  if (own.some(({ status }) => status === 'ready')) return { state: 'ready', since: started_at };
  if (first) return { state: isLate(first, now) ? 'late' : 'waiting', since: first.created_at };
  return { state: own.length > 0 ? 'paying' : 'seated', since: started_at };
}

export function isLate({ created_at }, now) {
  return (now - Date.parse(created_at)) / 60_000 >= LATE_MINUTES;
}

/** `[zone, tables]` of each zone, with its tables in the order of their numbers. */
export function tablesByZone(tables) {
  const byNumber = (a, b) => a.table_number.localeCompare(b.table_number, 'en', { numeric: true });
  const zones = new Map();
  for (const table of [...tables].sort(byNumber)) {
    zones.set(table.zone, [...(zones.get(table.zone) ?? []), table]);
  }
  return [...zones];
}
