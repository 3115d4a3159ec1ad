/** Functions on orders as a restaurant or a session lists them. Pure. */

const IN_PROGRESS = ['pending', 'confirmed', 'ready'];

export const isInProgress = ({ status }) => IN_PROGRESS.includes(status);

/** What people call an order: its number, or its id if it was placed before orders had numbers. */
export const orderNumber = ({ number = null, order_id = null, id = null }) => number ?? order_id ?? id;

/** Whether an item was served before its whole order was. */
export const isServedAhead = ({ status, delivered_at }, order) =>
  status !== 'voided' && delivered_at != null && order.status !== 'delivered'; // earlier releases send no `delivered_at`

/** The unpaid amount of these orders, such as `9.50`. */
export function totalBalance(orders) {
  const cents = orders.reduce((sum, { balance }) => sum + Math.round(Number(balance) * 100), 0);
  return (cents / 100).toFixed(2);
}
