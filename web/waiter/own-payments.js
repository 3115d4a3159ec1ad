/** Payments that this phone takes: their notices say nothing new to the waiter who holds it. */

import { recall, remember } from '../shared/app.js';

const KEY = 'own-payments';
const KEPT = 50;

const kept = () => recall(KEY, []);

/** A payment is about to be sent, for the first time or again under the same key. */
export function expect({ order_id, amount, key }) {
  const others = kept().filter((each) => each.key !== key);
  remember(KEY, [...others, { order_id, amount, key }].slice(-KEPT));
}

/** It was refused, or its notice has come. */
export function settle(payment) {
  const payments = kept();
  const index = payments.findIndex(isOf(payment));
  remember(KEY, payments.filter((_, at) => at !== index));
}

/** Whether a notice is of such a payment. */
export function isOwn(note) {
  return note.kind === 'payment' && kept().some(isOf(note));
}

const isOf = ({ order_id, amount }) => (each) => each.order_id === order_id && each.amount === amount;
