/** Notifications as sentences in the user's language; messages written by people are not translated. */

import { t } from '../shared/app.js';
import { orderNumber } from '../shared/orders.js';

export function notificationText(notification, { money }) {
  if (notification.kind === 'call') return t(`waiter.calls.${notification.reason}`);
  if (notification.kind === 'payment') {
    return t('waiter.notes.payment', { amount: money(notification.amount), method: t(`waiter.methods.${notification.method}`) });
  }
  const values = { count: notification.items_count, number: orderNumber(notification) };
  return t.maybe(`waiter.notes.${notification.kind}`, values) ?? notification.message;
}
