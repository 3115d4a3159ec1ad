/**
 * Bodies of `PUT …/menu` that change one part of a menu; the service keeps fields that are not sent. `at` is the path
 * of the changed part in the body. Pure.
 */

const unchangedItem = ({ id, name, price }) => ({ id, name, price });
const unchangedOption = ({ id, name, price, max_each }) => ({ id, name, price, max_each });
const unchangedGroup = ({ id, name, min, max, options }) => ({ id, name, min, max, options: options.map(unchangedOption) });

const categoriesOf = ({ categories }, itemOf = unchangedItem) =>
  categories.map(({ name, items }) => ({ name, items: items.map(itemOf) }));

const body = ({ version }, categories) => ({ expected_version: version, categories });

/**
 * A key for each category, in order: its name, and a number if several have that name. An editor holds a key, because
 * a colleague may move categories while it is open.
 */
export function categoryKeys({ categories }) {
  const counts = new Map();
  return categories.map(({ name }) => {
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return count === 0 ? name : `${name} (${count + 1})`;
  });
}

const indexOfItem = ({ categories }, itemId) => categories.findIndex(({ items }) => items.some(({ id }) => id === itemId));

/** The key of the category that has an item. */
export const categoryOf = (menu, itemId) => categoryKeys(menu)[indexOfItem(menu, itemId)];

/**
 * Change an item, or add one if it has no id. In another category than before, it comes last. Null if the category
 * with this key is gone.
 */
export function withItem(menu, item, key) {
  const category = categoryKeys(menu).indexOf(key);
  if (category < 0) return null;
  const categories = categoriesOf(menu);
  const before = indexOfItem(menu, item.id);
  const { items } = categories[category];
  let index = items.findIndex(({ id }) => id === item.id);
  if (before !== category) {
    if (before >= 0) categories[before].items = categories[before].items.filter(({ id }) => id !== item.id);
    index = items.push(item) - 1;
  } else {
    items[index] = item;
  }
  return { at: `categories.${category}.items.${index}`, body: body(menu, categories) };
}

/** Remove an item. */
export function withoutItem(menu, itemId) {
  const categories = categoriesOf(menu).map(({ name, items }) => ({ name, items: items.filter(({ id }) => id !== itemId) }));
  return { at: 'categories', body: body(menu, categories) };
}

/**
 * Change the category with a key, or add one if `key` is null. `position` is its new index, `itemIds` the new order of
 * its items; those that a colleague has added since come last. Null if the category is gone.
 */
export function withCategory(menu, key, { itemIds, position, ...category }) {
  const categories = categoriesOf(menu);
  const index = key === null ? categories.length : categoryKeys(menu).indexOf(key);
  if (index < 0) return null;
  const items = new Map((categories[index]?.items ?? []).map((item) => [item.id, item]));
  const ids = new Set([...itemIds.filter((id) => items.has(id)), ...items.keys()]);
  categories.splice(index, 1);
  categories.splice(position, 0, { ...category, items: [...ids].map((id) => items.get(id)) });
  return { at: `categories.${position}`, body: body(menu, categories) };
}

/** Remove a category with its items. Null if it is gone. */
export function withoutCategory(menu, key) {
  const index = categoryKeys(menu).indexOf(key);
  return index < 0 ? null : { at: 'categories', body: body(menu, categoriesOf(menu).filter((_, each) => each !== index)) };
}

/** Change an option group, or add one if it has no id. */
export function withGroup(menu, group) {
  const groups = menu.option_groups.map((each) => (each.id === group.id ? group : unchangedGroup(each)));
  if (group.id === undefined) groups.push(group);
  return {
    at: `option_groups.${groups.indexOf(group)}`,
    body: { ...body(menu, categoriesOf(menu)), option_groups: groups },
  };
}

/** Remove an option group, also from the items that have it. */
export function withoutGroup(menu, id) {
  const itemOf = (item) => (item.option_group_ids.includes(id)
    ? { ...unchangedItem(item), option_group_ids: item.option_group_ids.filter((each) => each !== id) }
    : unchangedItem(item));
  return {
    at: 'option_groups',
    body: { ...body(menu, categoriesOf(menu, itemOf)), option_groups: menu.option_groups.filter((each) => each.id !== id).map(unchangedGroup) },
  };
}

/** The field of the changed part that an error's `details` name; empty if they name none. */
export function fieldOf(details, at) {
  const field = typeof details?.field === 'string' ? details.field : '';
  return field.startsWith(`${at}.`) ? field.slice(at.length + 1) : field;
}

/** A typed amount in the protocol's format, such as `9.50`. */
export const amountOf = (text) => text.trim().replace(',', '.').replace('−', '-');
