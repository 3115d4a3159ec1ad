/** The actions that the service allows this screen: read-only screens have no enabled buttons. */

import { claims, token } from '../shared/app.js';

/** The steps of roles that may not take all of them. */
const STEPS = { guest: [], waiter: ['confirmed'] };

/** Whether this page's token may set an order's status. */
export function may(status) {
  return token() !== null && (STEPS[claims().role]?.includes(status) ?? true);
}
