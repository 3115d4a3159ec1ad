/** Arithmetic on amounts such as `9.50`, in cents, so that nothing is rounded. Pure. */

export const toCents = (amount) => Math.round(Number(amount) * 100);
export const fromCents = (cents) => (cents / 100).toFixed(2);

export const sum = (amounts) => fromCents(amounts.reduce((total, amount) => total + toCents(amount), 0));
export const times = (amount, count) => fromCents(toCents(amount) * count);
export const minus = (amount, other) => fromCents(toCents(amount) - toCents(other));
