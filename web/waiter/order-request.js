/** The request that sends a draft. It is stored with the draft until it is answered, and is sent again unchanged. */

import { claims, errorMessage, qr, t } from '../shared/app.js';
import { newRequestId } from '../client/requests.js';
import { requestLine } from './order-draft.js';

/** A request that orders the lines at this total: as a new order, or added to one that is open. */
export function newRequest(lines, total, order_id) {
  return { key: newRequestId(), caller: claims().sub, items: lines.map(requestLine), expected_total: total, order_id };
}

/** Requests that an earlier release has stored have no total and no order. */
export function sendRequest(session, { key, items, expected_total, order_id = null }) {
  const path = order_id === null ? `/sessions/${session.id}/orders` : `/orders/${order_id}/items`;
  return qr.http.post(path, { items, expected_total }, { key });
}

/** Why a request was refused, in the waiter's words. `number` is that of the order to which it adds. */
export function refusalText(error, { expected_total }, number, money) {
  if (error.code === 'price_changed' && expected_total !== undefined) {
    return t('waiter.pad.price_changed', { total: money(error.details.total_amount), was: money(expected_total) });
  }
  if (error.code === 'invalid_transition' && number !== null) return t('waiter.pad.too_late', { number });
  return errorMessage(error);
}
