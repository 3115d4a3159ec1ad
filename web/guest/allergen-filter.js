/** The filter "without these allergens". Pure. Allergens that are `null` are not declared, which does not mean none. */

/** Whether an item or an option is declared to contain none of these allergens. */
const isWithout = ({ allergens }, avoided) => Boolean(allergens) && !avoided.some((each) => allergens.includes(each));

/** Whether a dish can be ordered without these allergens: the item, and enough options of each required group. */
export function canBeWithout(item, avoided) {
  if (avoided.length === 0) return true;
  const capacity = ({ options }) => options.reduce(
    (sum, option) => sum + (option.available && isWithout(option, avoided) ? option.max_each : 0), 0);
  return isWithout(item, avoided) && item.groups.every((group) => capacity(group) >= group.min);
}

/** The categories with only the dishes that can be ordered without these allergens, and the number of hidden dishes. */
export function filterCategories(categories, avoided) {
  const filtered = categories.map((category) => ({
    ...category, items: category.items.filter((item) => canBeWithout(item, avoided)),
  }));
  const count = (all) => all.reduce((sum, { items }) => sum + items.length, 0);
  const shown = avoided.length > 0 ? filtered.filter(({ items }) => items.length > 0) : filtered;
  return { categories: shown, hidden: count(categories) - count(filtered) };
}
