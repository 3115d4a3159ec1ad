/** Notices about refused orders: what has changed, and that the basket still has the items. */

import { errorMessage, list, notify, t, useEffect, useFormats } from '../shared/app.js';
import { itemsOf, optionsOf } from '../shared/menu/pricing.js';

/** Codes that mean that this page's menu may be outdated. */
const MENU_CHANGED = ['price_changed', 'invalid_options', 'item_unavailable'];

/** Shows why an order was refused, and reads the menu again if it may be outdated. */
export function useOrderErrors(visit, menuChannel, menu) {
  const { money } = useFormats(menu);
  useEffect(() => visit.refused.on((order, error) => {
    if (MENU_CHANGED.includes(error.code)) menuChannel.refresh().catch(() => {}); // its next event updates it, too
    notify(messageFor(order, error, menu, money), 'bad');
  }), [visit, menuChannel, menu, money]);
}

function messageFor({ expected_total, order_id }, error, menu, money) {
  if (order_id && error.code === 'invalid_transition') return t('guest.refused.too_late');
  if (error.code === 'price_changed' && expected_total) {
    return t('guest.refused.price_changed', { total: money(error.details.total_amount), was: money(expected_total) });
  }
  const names = namesOf(error.details ?? {}, menu);
  const message = names.length > 0
    ? t.maybe(`guest.refused.${error.code}`, { names: list(names), count: names.length }) : null;
  return message ?? t('guest.refused.other', { reason: errorMessage(error) });
}

/** The names of the dishes and options that a refusal is about. */
function namesOf({ menu_item_id, menu_item_ids = [menu_item_id], option_ids = [] }, menu) {
  const items = menu ? itemsOf(menu) : new Map();
  const options = new Map([...items.values()].flatMap((item) => [...optionsOf(item)]));
  const found = [...menu_item_ids.map((id) => items.get(id)), ...(menu_item_id ? [] : option_ids.map((id) => options.get(id)))];
  return found.filter(Boolean).map(({ name }) => name);
}
