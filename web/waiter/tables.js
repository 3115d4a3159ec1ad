/** What a waiter wants to know of a table, from its data. Pure. */

/** Whose guests they are; while nobody sits there, whose table it is. */
export function isMine({ session, waiter_id }, waiter) {
  return (session ? session.waiter_id : waiter_id) === waiter;
}

/** Orders that are still to be done, in the order in which they were placed. */
export function undone(session) {
  return (session?.orders ?? []).filter(({ status }) => !['delivered', 'cancelled'].includes(status));
}

/** `off`, `free`, `ready` (something is to be carried), `waiting`, `paying`, `settled` or `seated`. */
export function stateOf(table, session) {
  if (!table.is_occupied) return table.is_active ? 'free' : 'off';
  const open = undone(session);
  if (open.some(({ status }) => status === 'ready')) return 'ready';
  if (open.length > 0) return 'waiting';
  if (Number(session?.balance) > 0) return 'paying';
  return session?.orders.length > 0 ? 'settled' : 'seated';
}

/** Whether a party may leave: everything is delivered, and paid. */
export function isSettled(session) {
  return undone(session).length === 0 && Number(session.balance) === 0;
}
