/** Payments that this phone sends: the waiter who holds it needs no notification of them. */

import { storage } from '../shared/app.js';

const STORAGE_KEY = 'own-payments';
const MAX_STORED = 50;

const load = () => storage.get(STORAGE_KEY, []);

/** Store a payment before it is sent, for the first time or again under the same key. */
export function addOwnPayment({ order_id, amount, key }) {
  const others = load().filter((each) => each.key !== key);
  storage.set(STORAGE_KEY, [...others, { order_id, amount, key }].slice(-MAX_STORED));
}

/** Remove a payment after it was refused or its notification was acknowledged. */
export function removeOwnPayment(payment) {
  const payments = load();
  const index = payments.findIndex(matches(payment));
  storage.set(STORAGE_KEY, payments.filter((_, at) => at !== index));
}

/** Whether a notification is about a payment of this phone. */
export function isOwnPayment(notification) {
  return notification.kind === 'payment' && load().some(matches(notification));
}

const matches = ({ order_id, amount }) => (each) => each.order_id === order_id && each.amount === amount;
