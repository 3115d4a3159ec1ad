/** A waiter's to-do list: serve ready orders, answer calls, acknowledge notifications. */

import { html, qr, t, token, useEffect, useRef, useState, withErrorNotice } from '../shared/app.js';
import { useOrderItems } from '../shared/order-items.js';
import { Options } from '../shared/options.js';
import { isServedAhead, orderNumber } from '../shared/orders.js';
import { notificationText } from './notification-text.js';
import { isOwnPayment, removeOwnPayment } from './own-payments.js';
import { answeredBills, isServed } from './tasks.js';

export function TodoList({ waiter, channel, sessions, formats, now, nameOf }) {
  const ownSessions = [...sessions.values()].filter(({ waiter_id }) => waiter_id === waiter?.waiter_id);
  const ready = ownSessions.flatMap((session) =>
    session.orders.filter(({ status }) => status === 'ready').map((order) => ({ session, order })),
  );
  const readyIds = new Set(ready.map(({ order }) => order.order_id));
  const isListedAsReady = ({ kind, order_id }) => kind === 'order_ready' && readyIds.has(order_id);
  const tasks = waiter?.tasks ?? [];
  const unacknowledged = tasks.filter((task) => !task.acknowledged_at);
  const resolvedCalls = useAutoResolve(ownSessions.flatMap(answeredBills));
  const acceptedCalls = ownSessions.flatMap((session) =>
    session.calls.filter(({ call_id, status }) => status === 'acknowledged' && !resolvedCalls.includes(call_id))
      .map((call) => ({ ...call, table: nameOf(session) })),
  );
  const autoAcknowledged = useAutoAcknowledge(
    unacknowledged.filter((task) => isOwnPayment(task) || isServed(task, ownSessions)), channel,
  );
  const isDone = (task) => autoAcknowledged.has(task.notification_id) || resolvedCalls.includes(task.call_id);
  const open = unacknowledged.filter((task) => !isListedAsReady(task) && !isDone(task)).sort(byUrgency);
  const informational = open.filter(({ kind }) => INFORMATIONAL.includes(kind));
  const acknowledge = (task) =>
    withErrorNotice(channel.request('acknowledge', { notification_id: task.notification_id }));
  const acknowledgeAll = () => Promise.all(informational.map(acknowledge));
  const deliver = (order) => withErrorNotice(qr.http.patch(`/orders/${order.order_id}`, { status: 'delivered' }));
  const count = ready.length + open.length + acceptedCalls.length;
  return html`
    <section class="todo-list" aria-labelledby="now">
      <h2 id="now">${t('waiter.now')} ${count > 0 && html`<span class="pill" data-tone="warn">${count}</span>`}</h2>
      ${waiter && count === 0 && html`<p class="card empty-state">${t('waiter.nothing')}</p>`}
      <ul class="todo" aria-live="polite">
        ${ready.map(({ session, order }) => html`
          <${ReadyOrder} key=${`serve-${order.order_id}`} session=${session} table=${nameOf(session)} order=${order}
            onDone=${() => deliver(order)} />`)}
        ${acceptedCalls.map((call) => html`
          <${Todo} key=${`call-${call.call_id}`} table=${call.table} kind="accepted"
            text=${t(`waiter.calls.${call.reason}`)} detail=${t('waiter.promised')} button=${t('waiter.done')}
            disabled=${token() === null}
            onDone=${() => withErrorNotice(qr.http.patch(`/calls/${call.call_id}`, { status: 'resolved' }))} />`)}
        ${open.map((task) => html`
          <${Todo} key=${task.notification_id} table=${task.table_number ? nameOf(task) : '!'} kind=${task.kind}
            text=${notificationText(task, formats)} detail=${formats.minutes(task.created_at, now)}
            button=${t(task.kind === 'call' ? 'waiter.coming' : 'waiter.noted')}
            onDone=${() => acknowledge(task)} />`)}
      </ul>
      ${informational.length > 1 && html`
        <button class="button quiet" onClick=${acknowledgeAll}>${t('waiter.all_noted', { count: informational.length })}</button>`}
      <${Earlier} tasks=${tasks.filter((task) => task.acknowledged_at)} formats=${formats}
        nameOf=${nameOf} />
    </section>
  `;
}

/** Acknowledges tasks that need no action any more; returns the ids of all that it has acknowledged. */
function useAutoAcknowledge(tasks, channel) {
  const ids = useRef(new Set());
  tasks.forEach(({ notification_id }) => ids.current.add(notification_id));
  useEffect(() => {
    for (const task of tasks) {
      channel.request('acknowledge', { notification_id: task.notification_id }).then(
        () => removeOwnPayment(task),
        () => {}, // it stays hidden, and the next change retries
      );
    }
  }, [tasks.map(({ notification_id }) => notification_id).join()]);
  return ids.current;
}

/** Resolves these calls; returns their ids. */
function useAutoResolve(calls) {
  const ids = calls.map(({ call_id }) => call_id);
  useEffect(() => {
    if (token() === null) return;
    for (const id of ids) qr.http.patch(`/calls/${id}`, { status: 'resolved' }).catch(() => {}); // it stays hidden
  }, [ids.join()]);
  return ids;
}

/** Kinds that need no action but to be seen. */
const INFORMATIONAL = ['new_order', 'payment'];
const BY_URGENCY = ['alert', 'call', 'order_ready', 'task', ...INFORMATIONAL];

/** The most urgent kind first, within a kind the oldest. */
function byUrgency(a, b) {
  return BY_URGENCY.indexOf(a.kind) - BY_URGENCY.indexOf(b.kind) || a.created_at.localeCompare(b.created_at);
}

/** An order that is ready to be served. */
function ReadyOrder({ session, table, order, onDone }) {
  const loaded = useOrderItems([order.order_id], session.version).get(order.order_id);
  const items = (loaded?.items ?? []).filter((item) => item.status !== 'voided' && !isServedAhead(item, loaded));
  const lines = items.map(({ item_id, quantity, name, options }) => html`
    <span key=${item_id}>${quantity} × ${name}<${Options} options=${options} /></span>`);
  const count = t('waiter.items', { count: order.items_count });
  return html`
    <${Todo} table=${table} kind="serve" text=${lines.length > 0 ? lines : count}
      detail=${`${t('waiter.order_number', { number: orderNumber(order) })} · ${t('waiter.carry')}`} button=${t('waiter.delivered')} disabled=${token() === null} onDone=${onDone} />
  `;
}

/** One row: the table's name (`!` if it is about no table), a text, and a button that completes it. */
function Todo({ table, kind, text, detail, button, disabled = false, onDone }) {
  const [busy, setBusy] = useState(false);
  const complete = async () => {
    setBusy(true);
    await onDone();
    setBusy(false);
  };
  return html`
    <li class="card todo-row" data-kind=${kind}>
      <span class="number" aria-hidden="true">${table}</span>
      <span class="details">
        <span class="visually-hidden">${table === '!' ? '' : t('waiter.table', { number: table })}</span>
        <strong>${text}</strong>
        <span class="muted small">${detail}</span>
      </span>
      <button key=${button} class="button ${INFORMATIONAL.includes(kind) ? '' : 'main'}" disabled=${busy || disabled} onClick=${complete}>${button}</button>
    </li>
  `;
}

/** The last acknowledged tasks. */
function Earlier({ tasks, formats, nameOf }) {
  if (tasks.length === 0) return null;
  const latest = [...tasks].reverse().slice(0, 20);
  return html`
    <details class="earlier">
      <summary>${t('waiter.earlier')}</summary>
      <ul>
        ${latest.map((task) => html`
          <li key=${task.notification_id} class="row">
            <span>${task.table_number ? `${nameOf(task)} · ` : ''}${notificationText(task, formats)}</span>
            <span class="muted small amount">${formats.time(task.created_at)}</span>
          </li>`)}
      </ul>
    </details>
  `;
}
