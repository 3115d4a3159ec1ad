/** Stored events and audited requests as a manager reads them. */

import { t } from '../shared/app.js';

const MARKS = { ready: ' ✓', voided: ' ✕' };

export function sentence(event, formats) {
  if (event.outcome) return asked(event);
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

const dish = ({ quantity, name, status }) => `${quantity} × ${name}${MARKS[status] ?? ''}`;

/** The actor's name: waiters by name, others by role; `waiters` maps ids to names. */
export function nameOf(by, waiters) {
  const [role, id] = by.split(':');
  if (role === 'waiter') return waiters.get(Number(id)) ?? by;
  return t.maybe(`manager.people.${role}`) ?? by;
}

/** Somebody asked for something: what, with which values, and what came of it. */
function asked({ type, outcome, data }) {
  const what = t.maybe(`manager.actions.${type}`) ?? type.replaceAll('_', ' ');
  const given = Object.entries(data).map(([name, value]) => `${name} ${value}`).join(', ');
  const came = outcome === 'done' ? t('manager.done') : (t.maybe(`shared.errors.${outcome}`) ?? outcome);
  return `${what}${given ? ` (${given})` : ''}: ${came}`;
}
