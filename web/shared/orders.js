/** Orders as a restaurant or a session lists them. Pure. */

const UNDONE = ['pending', 'confirmed', 'ready'];

export const isUndone = ({ status }) => UNDONE.includes(status);

/** What is still to be paid of these orders, as an amount. */
export function balanceOf(orders) {
  const cents = orders.reduce((sum, { balance }) => sum + Math.round(Number(balance) * 100), 0);
  return (cents / 100).toFixed(2);
}
