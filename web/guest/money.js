/** Sums of amounts such as "9.50", in minor units, so that none is off by a cent. */

export const minor = (amount) => Math.round(Number(amount) * 100);
export const major = (units) => (units / 100).toFixed(2);

export const sum = (amounts) => major(amounts.reduce((all, amount) => all + minor(amount), 0));
export const times = (amount, count) => major(minor(amount) * count);
export const minus = (amount, other) => major(minor(amount) - minor(other));
