/** Notices of refused orders: what has changed, and that nothing is lost. */

import { reason, t, tell, useEffect, useFormats } from '../shared/app.js';
import { itemsOf, optionsOf } from './pricing.js';

/** Refusals after which this page's menu may be out of date. */
const MENU_CHANGED = ['price_changed', 'invalid_options', 'item_unavailable'];

/** Say why an order was refused, and read the menu again if it has changed. */
export function useRefusals(visit, channel, menu) {
  const { money } = useFormats(menu);
  useEffect(() => visit.refused.on((order, error) => {
    if (MENU_CHANGED.includes(error.code)) channel.refresh().catch(() => {}); // its next event tells as well
    tell(sentence(order, error, menu, money), 'bad');
  }), [visit, channel, menu, money]);
}

function sentence({ expected_total }, error, menu, money) {
  if (error.code === 'price_changed' && expected_total) {
    return t('guest.refused.price_changed', { total: money(error.details.total_amount), was: money(expected_total) });
  }
  const names = namesOf(error.details ?? {}, menu);
  const known = names.length > 0
    ? t.maybe(`guest.refused.${error.code}`, { names: names.join(', '), count: names.length }) : null;
  return known ?? t('guest.refused.other', { reason: reason(error) });
}

/** The names of the dishes and options that a refusal is about. */
function namesOf({ menu_item_id, menu_item_ids = [menu_item_id], option_ids = [] }, menu) {
  const items = menu ? itemsOf(menu) : new Map();
  const options = new Map([...items.values()].flatMap((item) => [...optionsOf(item)]));
  const found = [...menu_item_ids.map((id) => items.get(id)), ...(menu_item_id ? [] : option_ids.map((id) => options.get(id)))];
  return found.filter(Boolean).map(({ name }) => name);
}
