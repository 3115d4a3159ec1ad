/** The session's orders and their progress: those of this phone, and those of the other guests. */

import {
  html, notify, number, qr, t, useChannel, useConnectionStatus, useEffect, useFormats, useOpenChannel, useRef,
  withErrorNotice,
} from '../shared/app.js';
import { Options } from '../shared/options.js';
import { isServedAhead, orderNumber } from '../shared/orders.js';
import { menuLines } from './basket.js';
import { useVisit } from './menu.js';

const STEPS = ['pending', 'confirmed', 'ready', 'delivered'];
const NOTIFIED = ['confirmed', 'ready', 'delivered', 'cancelled'];

export function Orders({ session, menu, visit }) {
  useVisit(visit);
  useStatusNotices(session, visit);
  const formats = useFormats(menu);
  const isConnected = useConnectionStatus()?.state === 'live';
  const orders = [...session.orders].reverse();
  return html`
    <h2 id="orders-title">${t('guest.orders.title')}</h2>
    <ul class="cards">
      ${visit.outbox.map((order) => html`
        <${OutboxOrder} key=${order.key} order=${order} state=${visit.stateOf(order, isConnected)} visit=${visit}
          lines=${menuLines(order.items, menu)} money=${formats.money} />
      `)}
      ${orders.map((order) => html`
        <${Order} key=${order.order_id} order=${order} isOwn=${visit.ownOrderIds.includes(order.order_id)}
          formats=${formats} />
      `)}
    </ul>
    ${orders.length + visit.outbox.length === 0 && html`<p class="empty">${t('guest.orders.none')}</p>`}
  `;
}

/** An order that the service has not confirmed yet. */
function OutboxOrder({ order: { key, order_id }, state, visit, lines, money }) {
  return html`
    <li class="card outbox-order" data-state=${state}>
      <p class="row"><strong>${t(order_id ? 'guest.orders.addition' : 'guest.orders.yours')}</strong>
        <span class="pill" data-tone="warn">${t(`guest.orders.outbox.${state}`)}</span></p>
      <${Lines} lines=${lines} money=${money} />
      <p class="muted small">${t(`guest.orders.outbox.${state}_why`)}</p>
      ${state === 'unsure' && html`
        <p class="row">
          <button class="button" onClick=${() => visit.sendAgain(key)}>${t('guest.orders.again')}</button>
          <button class="button quiet" onClick=${() => visit.discard(key)}>${t('guest.orders.drop')}</button>
        </p>
      `}
    </li>
  `;
}

/** Shows a notice when the status of an order of this phone changes. */
function useStatusNotices(session, visit) {
  const statuses = useRef(new Map());
  useEffect(() => {
    for (const { order_id, status } of session.orders) {
      const before = statuses.current.get(order_id);
      statuses.current.set(order_id, status);
      const isChanged = before && before !== status && NOTIFIED.includes(status);
      if (isChanged && visit.ownOrderIds.includes(order_id)) notify(t(`guest.orders.became.${status}`));
    }
  }, [session]);
}

function Order({ order, isOwn, formats }) {
  const { data } = useChannel(useOpenChannel('items', order.order_id));
  const cancel = () => withErrorNotice(qr.http.patch(`/orders/${order.order_id}`, { status: 'cancelled' }));
  const { time, money } = formats;
  return html`
    <li class="card order" data-order=${order.order_id}>
      <p class="row">
        <strong>${t(isOwn ? 'guest.orders.yours' : 'guest.orders.others')}</strong>
        <span class="muted small">${t('guest.orders.number', { number: orderNumber(order) })} · ${time(order.created_at)}</span>
      </p>
      <${Lines} lines=${(data?.items ?? []).map((item) => ({ ...item, isServed: isServedAhead(item, order) }))} money=${money} />
      ${order.status === 'cancelled'
        ? html`<p class="pill" data-tone="bad">${t('guest.orders.step.cancelled')}</p>`
        : html`<${Steps} status=${order.status} />`}
      ${isOwn && order.status === 'pending' && html`
        <button class="button quiet danger" onClick=${cancel}>${t('guest.orders.cancel')}</button>
      `}
    </li>
  `;
}

/** The items of an order: quantity, name and amount; `isServed` marks those that are served before the others. */
export function Lines({ lines, money }) {
  return html`
    <ul class="lines">
      ${lines.map((line, index) => html`
        <li key=${line.item_id ?? index} class="row bill-line" data-status=${line.status}>
          <span><span class="amount muted">${number(line.quantity)} ×</span> <bdi>${line.name}</bdi>
            <${Options} options=${line.options} />
            ${line.notes && html` <em class="muted small">${line.notes}</em>`}
            ${line.isServed && html` <span class="pill" data-tone="good">${t('guest.orders.step.delivered')}</span>`}
            ${line.status === 'voided' && html` <span class="pill" data-tone="bad">${t('guest.orders.voided')}</span>`}
          </span>
          <span class="amount">${money(line.total)}</span>
        </li>
      `)}
    </ul>
  `;
}

function Steps({ status }) {
  const current = STEPS.indexOf(status);
  return html`
    <ol class="steps" aria-label=${t('guest.orders.progress')}>
      ${STEPS.map((step, index) => html`
        <li key=${step} data-done=${String(index <= current)} aria-current=${index === current ? 'step' : undefined}>
          ${t(`guest.orders.step.${step}`)}
          ${index <= current && html`<span class="visually-hidden"> ✓</span>`}
        </li>
      `)}
    </ol>
  `;
}
