/**
 * The price of a line and the rules of its options; the service applies the same rules. Pure. An item has its option
 * groups in `groups`, see `menu-language.js`; chosen options are `{ option_id, quantity }`.
 */

import { fromCents, toCents } from './money.js';

/** The largest quantity of a line. */
export const MAX_QUANTITY = 99;

/** Pages show how many portions of an item are left if there are at most so many. */
const FEW = 5;

/** The largest quantity of an item that can be ordered: `portions` are left, if they are counted. */
export const mostOf = ({ portions }) => Math.min(MAX_QUANTITY, portions ?? MAX_QUANTITY);

/** Whether so few portions of an item are left that pages show their number. */
export const isScarce = ({ available, portions }) => available && typeof portions === 'number' && portions <= FEW;

/** The key of a line in the basket. Lines with the same item and options have the same key: without options, the item's id. */
export function lineKey({ menu_item_id, options = [] }) {
  const sorted = [...options].sort((a, b) => a.option_id - b.option_id);
  return [menu_item_id, ...sorted.map(({ option_id, quantity }) => `${option_id}x${quantity}`)].join('.');
}

/** The items of a menu by id. */
export const itemsOf = (menu) => new Map(menu.categories.flatMap(({ items }) => items.map((item) => [item.id, item])));

/** The options of an item by id. */
export const optionsOf = (item) => new Map(item.groups.flatMap(({ options }) => options.map((option) => [option.id, option])));

/** The price of one piece with its options, at least 0. */
export function unitPrice(item, chosen) {
  const options = optionsOf(item);
  const extras = chosen.reduce((all, { option_id, quantity }) => all + toCents(options.get(option_id)?.price ?? 0) * quantity, 0);
  return fromCents(Math.max(0, toCents(item.price) + extras));
}

/** The chosen quantity of an option. */
export const timesChosen = (chosen, id) => chosen.find(({ option_id }) => option_id === id)?.quantity ?? 0;

/** The number of chosen options of a group. */
export const countIn = (group, chosen) => group.options.reduce((all, { id }) => all + timesChosen(chosen, id), 0);

/** Whether the chosen options satisfy a group's rules. */
export function isGroupValid(group, chosen) {
  const count = countIn(group, chosen);
  return count >= group.min && count <= group.max && group.options.every(({ id, max_each, available }) => {
    const quantity = timesChosen(chosen, id);
    return quantity === 0 || (available && quantity <= max_each);
  });
}

/** Whether the item can be ordered with these options. */
export function isValid(item, chosen) {
  const options = optionsOf(item);
  return chosen.every(({ option_id }) => options.has(option_id)) && item.groups.every((group) => isGroupValid(group, chosen));
}

/** Whether the item has a required option. */
export const needsChoice = (item) => item.groups.some(({ min }) => min > 0);

/** The chosen options with another quantity of one option. In a group with at most one, it replaces the previous choice. */
export function chosenAfter(chosen, group, option_id, quantity) {
  const others = group.max === 1 ? group.options.map(({ id }) => id) : [option_id];
  const rest = chosen.filter((each) => !others.includes(each.option_id));
  return quantity > 0 ? [...rest, { option_id, quantity }] : rest;
}

/** The kind of a group's inputs: `radio`, `checkbox` or `stepper`. */
export function inputOf({ max, options }) {
  if (max === 1) return 'radio';
  return options.every(({ max_each }) => max_each === 1) ? 'checkbox' : 'stepper';
}
