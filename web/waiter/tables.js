/** The state of a table for its waiter. Pure. */

import { isInProgress } from '../shared/orders.js';

/** Whether a waiter serves a table: its session, or while it is free, the table itself. */
export function isMine({ session, waiter_id }, waiterId) {
  return (session ? session.waiter_id : waiter_id) === waiterId;
}

/** The session's orders that are neither delivered nor cancelled, the oldest first. */
export function ordersInProgress(session) {
  return (session?.orders ?? []).filter(isInProgress);
}

/** `off`, `free`, `ready` (an order can be served), `waiting`, `paying`, `settled` or `seated`. */
export function stateOf(table, session) {
  if (!table.is_occupied) return table.is_active ? 'free' : 'off';
  const open = ordersInProgress(session);
  if (open.some(({ status }) => status === 'ready')) return 'ready';
  if (open.length > 0) return 'waiting';
  if (Number(session?.balance) > 0) return 'paying';
  return session?.orders.length > 0 ? 'settled' : 'seated';
}

/** Whether everything is delivered and paid, so that the session may be closed. */
export function isSettled(session) {
  return ordersInProgress(session).length === 0 && Number(session.balance) === 0;
}
