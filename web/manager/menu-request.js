/**
 * Bodies of `PUT …/menu` that change one part of a menu; the service keeps fields that are not sent. `at` is the path
 * of the changed part in the body. Pure.
 */

const unchangedItem = ({ id, name, price }) => ({ id, name, price });
const unchangedOption = ({ id, name, price, max_each }) => ({ id, name, price, max_each });
const unchangedGroup = ({ id, name, min, max, options }) => ({ id, name, min, max, options: options.map(unchangedOption) });

const body = ({ version, categories }, itemOf) => ({
  expected_version: version,
  categories: categories.map(({ name, items }) => ({ name, items: items.map(itemOf) })),
});

/** Change an item. */
export function withItem(menu, item) {
  const category = menu.categories.findIndex(({ items }) => items.some(({ id }) => id === item.id));
  const index = menu.categories[category]?.items.findIndex(({ id }) => id === item.id);
  return {
    at: `categories.${category}.items.${index}`,
    body: body(menu, (each) => (each.id === item.id ? item : unchangedItem(each))),
  };
}

/** Change an option group, or add one if it has no id. */
export function withGroup(menu, group) {
  const groups = menu.option_groups.map((each) => (each.id === group.id ? group : unchangedGroup(each)));
  if (group.id === undefined) groups.push(group);
  return {
    at: `option_groups.${groups.indexOf(group)}`,
    body: { ...body(menu, unchangedItem), option_groups: groups },
  };
}

/** Remove an option group, also from the items that have it. */
export function withoutGroup(menu, id) {
  const itemOf = (item) => (item.option_group_ids.includes(id)
    ? { ...unchangedItem(item), option_group_ids: item.option_group_ids.filter((each) => each !== id) }
    : unchangedItem(item));
  return {
    at: 'option_groups',
    body: { ...body(menu, itemOf), option_groups: menu.option_groups.filter((each) => each.id !== id).map(unchangedGroup) },
  };
}

/** The field of the changed part that an error's `details` name; empty if they name none. */
export function fieldOf(details, at) {
  const field = typeof details?.field === 'string' ? details.field : '';
  return field.startsWith(`${at}.`) ? field.slice(at.length + 1) : field;
}

/** A typed amount in the protocol's format, such as `9.50`. */
export const amountOf = (text) => text.trim().replace(',', '.').replace('−', '-');
