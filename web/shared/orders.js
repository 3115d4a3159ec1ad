/** Orders as a restaurant lists them, and the parties that placed them. Pure. */

const UNDONE = ['pending', 'confirmed', 'ready'];

export const isUndone = ({ status }) => UNDONE.includes(status);

/** The open orders of the party at a table; those of earlier parties are not included. */
export function ordersAt({ table_id, table_number, session }, orders) {
  if (!session) return [];
  const isHere = (order) => // orders of older versions name their table by its number alone
    (order.table_id == null ? order.table_number === table_number : order.table_id === table_id);
  return orders.filter((order) => isHere(order) && order.created_at >= session.started_at);
}

/** Whether the party that was at its table when this was created has left. */
export function isLeftBehind({ table_id, created_at }, tables) {
  const table = tables.find((each) => each.table_id === table_id);
  return table !== undefined && !(table.session?.started_at <= created_at);
}

/** What is still to be paid of these orders, as an amount. */
export function balanceOf(orders) {
  const cents = orders.reduce((sum, { balance }) => sum + Math.round(Number(balance) * 100), 0);
  return (cents / 100).toFixed(2);
}
