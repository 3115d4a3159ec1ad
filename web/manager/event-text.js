/** Stored events and audited requests as sentences. */

import { t } from '../shared/app.js';
import { optionText } from '../shared/options.js';

const STATUS_MARKS = { ready: ' ✓', voided: ' ✕' };

export function eventText(event, formats) {
  if (event.outcome) return requestText(event, formats);
  const values = valuesOf(event, formats);
  const { status, call } = event.data;
  const suffix = status ?? (call?.status === 'open' ? 'escalated' : '');
  const kind = `${event.type}_${suffix}`;
  const text = t.maybe(`manager.events.${kind}`, values) ?? t.maybe(`manager.events.${event.type}`, values);
  const because = event.data.reason ? ` – “${event.data.reason}”` : '';
  return (text ?? event.type.replace(/\B[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)) + because;
}

/** The values that the texts of events may contain. */
function valuesOf({ data }, { money }) {
  const { payment, card, session, call, order, notification } = data;
  const amount = payment?.amount ?? data.amount ?? card?.balance;
  return {
    ...data,
    amount: amount === undefined ? '' : money(amount),
    method: payment ? t(`manager.methods.${payment.method}`) : '',
    number: card?.number ?? card?.order_id ?? order?.number?.number ?? order?.id ?? '',
    status: card ? t(`manager.order.${card.status}`) : (data.status ?? ''),
    reason: call ? t(`manager.reasons.${call.reason}`) : '',
    step: call ? t(`manager.call_steps.${call.status}`) : '',
    count: data.guests_count ?? session?.guests_count ?? '',
    dishes: (data.items ?? order?.items ?? []).map(itemText).join(', '),
    message: notification?.data?.message ?? '',
  };
}

function itemText({ quantity, name, options = [], voids = [], status }) {
  const chosen = options.length > 0 ? ` (${options.map(optionText).join(', ')})` : '';
  const voided = voids.map(({ units, reason }) => ` − ${units} “${reason}”`).join('');
  return `${quantity} × ${name}${chosen}${voided}${STATUS_MARKS[status] ?? ''}`;
}

/** The name of an actor such as `waiter:3`: waiters by name, others by role. `waiters` maps ids to names. */
export function nameOf(by, waiters) {
  const [role, id] = by.split(':');
  if (role === 'waiter') return waiters.get(Number(id)) ?? by;
  return t.maybe(`manager.people.${role}`) ?? by;
}

/** An audited request: its action and fields, and the reason if it was refused. */
function requestText({ type, outcome, data }, formats) {
  const action = t.maybe(`manager.actions.${type}`) ?? type.replaceAll('_', ' ');
  const fields = Object.entries(data).map((field) => fieldText(field, formats)).join(', ');
  const request = fields ? `${action}: ${fields}` : action;
  if (outcome === 'done') return request;
  return t('manager.refused', { request, why: t.maybe(`shared.errors.${outcome}`) ?? outcome });
}

function fieldText([name, value], { money }) {
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
