/** The actions that the service allows this screen; buttons for all others are disabled. */

import { claims, token } from '../shared/app.js';

/** The order statuses that these roles may set. All other roles may set every status. */
const SETTABLE_STATUSES = { guest: [], waiter: ['confirmed'] };

/** Whether this page's token may set an order to a status. */
export function canSetStatus(status) {
  return token() !== null && (SETTABLE_STATUSES[claims().role]?.includes(status) ?? true);
}

/** Whether this page's token may recall an item. */
export function canRecall() {
  return token() !== null && claims().role !== 'guest';
}
