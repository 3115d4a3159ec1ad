/** What this screen may do, as the service will judge it: who may only look has no live buttons. */

import { claims, token } from '../shared/app.js';

/** The steps of roles that may not take all of them. */
const STEPS = { guest: [], waiter: ['confirmed'] };

/** Whether this page's token may set an order's status. */
export function may(status) {
  return token() !== null && (STEPS[claims().role]?.includes(status) ?? true);
}
