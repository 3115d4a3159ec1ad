/** Distributes an amount over the orders of a session. Pure. Amounts are in cents, so that nothing is rounded. */

export const cents = (amount) => Math.round(Number(amount) * 100);
export const amountOf = (totalCents) => (totalCents / 100).toFixed(2);

/** The cents of a typed amount such as `12,5`; null if it is not a positive amount. */
export function parseAmount(text) {
  const plain = text.trim().replace(',', '.');
  return /^\d{1,11}(\.\d{1,2})?$/.test(plain) && cents(plain) > 0 ? cents(plain) : null;
}

/** The payments for a total in cents: the oldest order first, each up to its balance. Null if it exceeds all balances. */
export function split(total, orders) {
  let rest = total;
  const parts = [];
  for (const { order_id, balance } of orders) {
    const part = Math.min(rest, cents(balance));
    if (part > 0) parts.push({ order_id, amount: amountOf(part) });
    rest -= part;
  }
  return rest > 0 ? null : parts;
}
