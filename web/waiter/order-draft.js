/** The order that a waiter is taking, before it is sent. Pure. Lines are as in `shared/menu/pricing.js`, with an `id`. */

import { lineKey, MAX_QUANTITY } from '../shared/menu/pricing.js';

const MAX_FREQUENT = 8;

/** The lines with so many more, or fewer, of one. Lines with notes are separate; a line without pieces is removed. */
export function withPieces(lines, line, difference) {
  const key = lineKey(line);
  const known = lines.find((each) => (line.id === undefined ? lineKey(each) === key && each.notes === '' : each.id === line.id));
  if (!known) return [...lines, { notes: '', ...line, id: nextId(lines), quantity: difference }];
  const quantity = Math.min(known.quantity + difference, MAX_QUANTITY);
  return lines.flatMap((each) => (each !== known ? [each] : quantity > 0 ? [{ ...known, quantity }] : []));
}

const nextId = (lines) => 1 + Math.max(0, ...lines.map(({ id }) => id));

/** The lines with some fields of one changed. */
export function withChange(lines, id, change) {
  return lines.map((line) => (line.id === id ? { ...line, ...change } : line));
}

/** The line that one "fewer" of an item takes a piece from: the last one of it. */
export const lastLineOf = (lines, itemId) => lines.findLast(({ menu_item_id }) => menu_item_id === itemId);

export const countOf = (lines, itemId) => lines
  .reduce((total, line) => total + (line.menu_item_id === itemId ? line.quantity : 0), 0);

/** The line as `place_order` takes it. */
export const requestLine = ({ menu_item_id, quantity, options = [], notes }) => ({
  menu_item_id, quantity, notes, options: options.map(requestOption),
});

const requestOption = ({ option_id, quantity }) => ({ option_id, quantity });

/** The lines of an order, to order them again; without items in free text and cancelled ones. */
export function linesOf({ items }) {
  return items
    .filter(({ menu_item_id, status }) => menu_item_id !== null && status !== 'voided')
    .map(({ menu_item_id, quantity, options, notes }) => ({
      menu_item_id, quantity, notes, options: options.map(requestOption),
    }));
}

/** The items that this phone orders most; `counts` is how often, by id. */
export function frequentItems(items, counts) {
  return items
    .filter(({ id }) => counts[id] > 0)
    .sort((a, b) => counts[b.id] - counts[a.id])
    .slice(0, MAX_FREQUENT);
}

export function withOrdered(counts, lines) {
  const after = { ...counts };
  for (const { menu_item_id: id, quantity } of lines) after[id] = (after[id] ?? 0) + quantity;
  return after;
}
