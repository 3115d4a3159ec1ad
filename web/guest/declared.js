/** What the menu declares of allergens. Pure. `null` is not declared, which is never the same as none. */

/** The allergens of an item with its chosen options, by `optionsOf`; null if any of them are not declared. */
export function allergensOf(item, options) {
  const parts = [item, ...options].map(({ allergens }) => allergens ?? null);
  return parts.includes(null) ? null : [...new Set(parts.flat())].sort();
}

/** Whether an item or an option is declared to contain none of these allergens. */
const isWithout = ({ allergens }, avoided) => Boolean(allergens) && !avoided.some((each) => allergens.includes(each));

/** Whether a dish can be had without these allergens: the item, and enough options of each group that needs any. */
export function canBeWithout(item, avoided) {
  if (avoided.length === 0) return true;
  const capacity = ({ options }) => options.reduce(
    (all, option) => all + (option.available && isWithout(option, avoided) ? option.max_each : 0), 0);
  return isWithout(item, avoided) && item.groups.every((group) => capacity(group) >= group.min);
}

/** The categories with the dishes that can be had without these allergens, and how many dishes are left out. */
export function filtered(categories, avoided) {
  const left = categories.map((category) => ({
    ...category, items: category.items.filter((item) => canBeWithout(item, avoided)),
  }));
  const count = (all) => all.reduce((sum, { items }) => sum + items.length, 0);
  const shown = avoided.length > 0 ? left.filter(({ items }) => items.length > 0) : left;
  return { categories: shown, hidden: count(categories) - count(left) };
}
