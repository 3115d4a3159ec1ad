/** Stored events and audited requests as a manager reads them. */

import { t } from '../shared/app.js';
import { optionText } from '../shared/options.js';

const MARKS = { ready: ' ✓', voided: ' ✕' };

export function sentence(event, formats) {
  if (event.outcome) return asked(event, formats);
  const values = valuesOf(event, formats);
  const { status, call } = event.data;
  const step = status ?? (call?.status === 'open' ? 'escalated' : '');
  const kind = `${event.type}_${step}`;
  const text = t.maybe(`manager.events.${kind}`, values) ?? t.maybe(`manager.events.${event.type}`, values);
  const why = event.data.reason ? ` – “${event.data.reason}”` : '';
  return (text ?? event.type.replace(/\B[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)) + why;
}

/** What a sentence may name, whatever the event. */
function valuesOf({ data }, { money }) {
  const { payment, card, session, call, order, notification } = data;
  const amount = payment?.amount ?? data.amount ?? card?.balance;
  return {
    ...data,
    amount: amount === undefined ? '' : money(amount),
    method: payment ? t(`manager.methods.${payment.method}`) : '',
    number: card?.order_id ?? order?.id ?? '',
    status: card ? t(`manager.order.${card.status}`) : (data.status ?? ''),
    reason: call ? t(`manager.reasons.${call.reason}`) : '',
    step: call ? t(`manager.call_steps.${call.status}`) : '',
    count: data.guests_count ?? session?.guests_count ?? '',
    dishes: (data.items ?? order?.items ?? []).map(dish).join(', '),
    message: notification?.data?.message ?? '',
  };
}

function dish({ quantity, name, options = [], status }) {
  const chosen = options.length > 0 ? ` (${options.map(optionText).join(', ')})` : '';
  return `${quantity} × ${name}${chosen}${MARKS[status] ?? ''}`;
}

/** The actor's name: waiters by name, others by role; `waiters` maps ids to names. */
export function nameOf(by, waiters) {
  const [role, id] = by.split(':');
  if (role === 'waiter') return waiters.get(Number(id)) ?? by;
  return t.maybe(`manager.people.${role}`) ?? by;
}

/** A request: what, with which values, and why it was refused, if it was. */
function asked({ type, outcome, data }, formats) {
  const what = t.maybe(`manager.actions.${type}`) ?? type.replaceAll('_', ' ');
  const given = Object.entries(data).map((field) => valueOf(field, formats)).join(', ');
  const request = given ? `${what}: ${given}` : what;
  if (outcome === 'done') return request;
  return t('manager.refused', { request, why: t.maybe(`shared.errors.${outcome}`) ?? outcome });
}

function valueOf([name, value], { money }) {
  switch (name) {
    case 'status':
      return t.maybe(`manager.events.StatusChanged_${value}`) ?? t.maybe(`manager.dish.${value}`) ?? value;
    case 'amount': return money(value);
    case 'method': return t.maybe(`manager.methods.${value}`) ?? value;
    case 'reason': return `“${t.maybe(`manager.reasons.${value}`) ?? value}”`;
    case 'force': return t('manager.by_force');
    default: return `${name} ${value}`;
  }
}
