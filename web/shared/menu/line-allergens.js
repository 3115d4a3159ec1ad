/** The allergens of a line. Pure. `null` means not declared, which does not mean none. */

/** The allergens of an item with its chosen options, from `optionsOf`; null if those of any part are not declared. */
export function allergensOf(item, options) {
  const parts = [item, ...options].map(({ allergens }) => allergens ?? null);
  return parts.includes(null) ? null : [...new Set(parts.flat())].sort();
}
