/** Lines with what the menu says about them. Pure. */

import { times } from './money.js';
import { isValid, lineKey, optionsOf, unitPrice } from './pricing.js';

/**
 * The line with names, price and availability; `items` are the menu's by id, `unknown` is the name of what is no
 * longer on it. `oldPrice` is the price at which the line was chosen, if it has changed.
 */
export function withMenuData(line, items, unknown) {
  const item = items.get(line.menu_item_id);
  const chosen = line.options ?? [];
  const options = item ? optionsOf(item) : new Map();
  const price = item ? unitPrice(item, chosen) : '0.00';
  return {
    ...line,
    key: lineKey(line),
    item,
    name: item?.name ?? unknown,
    options: chosen.map((each) => ({ ...each, name: options.get(each.option_id)?.name ?? unknown })),
    available: item?.available ?? false,
    isValid: !item || isValid(item, chosen),
    total: times(price, line.quantity),
    oldPrice: item && line.price !== undefined && line.price !== price ? line.price : null,
  };
}
