/** The orders of the table and how far each of them is: one's own, and those of the others. */

import { html, qr, saying, t, tell, useChannel, useEffect, useFormats, useOpen, useRef, useStatus } from '../shared/app.js';
import { Options } from '../shared/options.js';
import { priced } from './basket.js';
import { useVisit } from './menu.js';

const STEPS = ['pending', 'confirmed', 'ready', 'delivered'];
const TOLD = ['confirmed', 'ready', 'delivered', 'cancelled'];

export function Orders({ session, menu, visit }) {
  useVisit(visit);
  useNews(session, visit);
  const formats = useFormats(menu);
  const isConnected = useStatus()?.state === 'live';
  const orders = [...session.orders].reverse();
  return html`
    <h2 id="orders-title">${t('guest.orders.title')}</h2>
    <ul class="cards">
      ${visit.outbox.map((order) => html`
        <${Sent} key=${order.key} order=${order} state=${visit.stateOf(order, isConnected)} visit=${visit}
          lines=${priced(order.items, menu)} money=${formats.money} />
      `)}
      ${orders.map((order) => html`
        <${Order} key=${order.order_id} order=${order} mine=${visit.mine.includes(order.order_id)}
          formats=${formats} />
      `)}
    </ul>
    ${orders.length + visit.outbox.length === 0 && html`<p class="empty">${t('guest.orders.none')}</p>`}
  `;
}

/** An order that is not known to have arrived. */
function Sent({ order: { key }, state, visit, lines, money }) {
  return html`
    <li class="card waits" data-state=${state}>
      <p class="row"><strong>${t('guest.orders.yours')}</strong>
        <span class="pill" data-tone="warn">${t(`guest.orders.outbox.${state}`)}</span></p>
      <${Lines} lines=${lines} money=${money} />
      <p class="muted small">${t(`guest.orders.outbox.${state}_why`)}</p>
      ${state === 'unsure' && html`
        <p class="row">
          <button class="button" onClick=${() => visit.sendAgain(key)}>${t('guest.orders.again')}</button>
          <button class="button quiet" onClick=${() => visit.drop(key)}>${t('guest.orders.drop')}</button>
        </p>
      `}
    </li>
  `;
}

/** Say what has become of an order that this phone placed. */
function useNews(session, visit) {
  const known = useRef(new Map());
  useEffect(() => {
    for (const { order_id, status } of session.orders) {
      const before = known.current.get(order_id);
      known.current.set(order_id, status);
      const isNews = before && before !== status && TOLD.includes(status);
      if (isNews && visit.mine.includes(order_id)) tell(t(`guest.orders.became.${status}`));
    }
  }, [session]);
}

function Order({ order, mine, formats }) {
  const { data } = useChannel(useOpen('items', order.order_id));
  const cancel = () => saying(qr.http.patch(`/orders/${order.order_id}`, { status: 'cancelled' }));
  const { time, money } = formats;
  return html`
    <li class="card order" data-order=${order.order_id}>
      <p class="row">
        <strong>${t(mine ? 'guest.orders.yours' : 'guest.orders.others')}</strong>
        <span class="muted small">${time(order.created_at)}</span>
      </p>
      <${Lines} lines=${data?.items ?? []} money=${money} />
      ${order.status === 'cancelled'
        ? html`<p class="pill" data-tone="bad">${t('guest.orders.step.cancelled')}</p>`
        : html`<${Steps} status=${order.status} />`}
      ${mine && order.status === 'pending' && html`
        <button class="button quiet danger" onClick=${cancel}>${t('guest.orders.cancel')}</button>
      `}
    </li>
  `;
}

/** How many of what, for how much. */
export function Lines({ lines, money }) {
  return html`
    <ul class="lines">
      ${lines.map((line, index) => html`
        <li key=${line.item_id ?? index} class="row bill-line" data-status=${line.status}>
          <span><span class="amount muted">${line.quantity} ×</span> ${line.name}
            <${Options} options=${line.options} />
            ${line.notes && html` <em class="muted small">${line.notes}</em>`}
            ${line.status === 'voided' && html` <span class="pill" data-tone="bad">${t('guest.orders.voided')}</span>`}
          </span>
          <span class="amount">${money(line.total)}</span>
        </li>
      `)}
    </ul>
  `;
}

function Steps({ status }) {
  const at = STEPS.indexOf(status);
  return html`
    <ol class="steps" aria-label=${t('guest.orders.progress')}>
      ${STEPS.map((step, index) => html`
        <li key=${step} data-done=${String(index <= at)} aria-current=${index === at ? 'step' : undefined}>
          ${t(`guest.orders.step.${step}`)}
          ${index <= at && html`<span class="visually-hidden"> ✓</span>`}
        </li>
      `)}
    </ol>
  `;
}
