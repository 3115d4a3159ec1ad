/** How an amount is spread over the orders of a party. Pure; cents, so that nothing is rounded. */

export const cents = (amount) => Math.round(Number(amount) * 100);
export const amountOf = (cents_) => (cents_ / 100).toFixed(2);

/** What a person typed, such as `12,5`; null where it is no amount. */
export function typed(text) {
  const plain = text.trim().replace(',', '.');
  return /^\d{1,11}(\.\d{1,2})?$/.test(plain) && cents(plain) > 0 ? cents(plain) : null;
}

/** The payments that make up so many cents: the oldest order first, each up to its balance. */
export function split(total, orders) {
  let left = total;
  const parts = [];
  for (const { order_id, balance } of orders) {
    const part = Math.min(left, cents(balance));
    if (part > 0) parts.push({ order_id, amount: amountOf(part) });
    left -= part;
  }
  return left > 0 ? null : parts;
}
