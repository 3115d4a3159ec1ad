/** The dialog of one table: seat guests, correct their number, void items, record payments, close the session. */

import { html, notify, qr, Sheet, t, useState, withErrorNotice } from '../shared/app.js';
import { OrderItems, useOrderItems } from '../shared/order-items.js';
import { orderNumber } from '../shared/orders.js';
import { OrderPad, useOrderDraft } from './order-pad.js';
import { Payment } from './payment.js';
import { ServeItem } from './serve-item.js';
import { Stepper } from './stepper.js';
import { isSettled, stateOf } from './tables.js';
import { VoidItem } from './void-item.js';

export function TableSheet({ table, name, session, waiterId, formats, now, onClose }) {
  const [isOrdering, setIsOrdering] = useState(false);
  if (isOrdering && session) {
    return html`<${OrderPad} session=${session} name=${name} money=${formats.money} onClose=${() => setIsOrdering(false)} />`;
  }
  const title = t('waiter.table', { number: name });
  return html`
    <${Sheet} title=${title} onClose=${onClose}>
      ${table.session
        ? html`<${OccupiedTable} table=${table} name=${name} session=${session} formats=${formats} now=${now}
            onOrder=${() => setIsOrdering(true)} onClose=${onClose} />`
        : html`<${FreeTable} table=${table} waiterId=${waiterId} />`}
    <//>
  `;
}

function FreeTable({ table, waiterId }) {
  const [count, setCount] = useState(2);
  const [busy, setBusy] = useState(false);
  const seat = async () => {
    setBusy(true);
    const body = { guests_count: count, waiter_id: waiterId };
    await withErrorNotice(qr.http.post(`/tables/${table.table_id}/sessions`, body));
    setBusy(false);
  };
  if (!table.is_active) return html`<p class="muted">${t('waiter.off')}</p>`;
  return html`
    <p class="muted">${t('waiter.seats', { count: table.seats })} · ${table.zone}</p>
    <${Guests} count=${count} onChange=${setCount} />
    <button class="button main wide" disabled=${busy} onClick=${seat}>
      ${t('waiter.seat', { count })}
    </button>
  `;
}

function OccupiedTable({ session, ...parts }) {
  if (!session) return html`<p class="muted" role="status">${t('shared.connection.connecting')}</p>`;
  return html`<${Party} session=${session} ...${parts} />`;
}

function Party({ table, name, session, formats, now, onOrder, onClose }) {
  const { lines } = useOrderDraft(session.id);
  const count = lines.reduce((total, { quantity }) => total + quantity, 0);
  const { money, minutes } = formats;
  const path = `/sessions/${session.id}`;
  const close = async () => {
    if (!(await withErrorNotice(qr.http.post(`${path}/close`)))) return;
    notify(t('waiter.closed', { number: name }));
    onClose();
  };
  const settled = isSettled(session);
  return html`
    <p class="row">
      <span class="muted">${minutes(session.started_at, now)} · ${t('waiter.code')} <code>${session.session_code}</code></span>
      <span class="pill">${t(`waiter.states.${stateOf(table, session)}`)}</span>
    </p>
    <${Guests} count=${session.guests_count}
      onChange=${(guests_count) => withErrorNotice(qr.http.patch(path, { guests_count }))} />
    <button class="button main wide" onClick=${onOrder}>${count > 0 ? t('waiter.pad.resume', { count }) : t('waiter.pad.open')}</button>
    <${Orders} session=${session} formats=${formats} />
    ${Number(session.balance) > 0 && html`<${Payment} key=${session.id} session=${session} money=${money} />`}
    ${!settled && html`<p class="muted small" id="unsettled">${t('waiter.unsettled')}</p>`}
    <button class="button wide" aria-disabled=${!settled} aria-describedby=${settled ? null : 'unsettled'}
      onClick=${() => settled && close()}>${t('waiter.close')}</button>
  `;
}

function Orders({ session: { orders, version }, formats }) {
  const loaded = useOrderItems(orders.map(({ order_id }) => order_id), version);
  const fewer = (count) => t('waiter.dish.fewer', { count });
  const texts = { ready: t('waiter.dish.ready'), served: t('waiter.dish.served'), voided: t('waiter.dish.voided'), fewer };
  if (orders.length === 0) return html`<p class="muted">${t('waiter.no_orders')}</p>`;
  return html`
    <ul class="orders">
      ${orders.map((order) => html`
        <li key=${order.order_id} data-status=${order.status}>
          <div class="row">
            <span>${t('waiter.order_number', { number: orderNumber(order) })} · ${formats.time(order.created_at)} · ${t('waiter.items', { count: order.items_count })}</span>
            <span class="pill" data-tone=${order.status === 'ready' ? 'good' : null}>${t(`waiter.orders.${order.status}`)}</span>
            <span class="amount">${formats.money(order.total_amount)}</span>
          </div>
          ${loaded.has(order.order_id) && html`
            <${OrderItems} order=${loaded.get(order.order_id)} texts=${texts}
              actions=${(item) => html`
                <${ServeItem} order=${order} item=${item} /><${VoidItem} order=${order} item=${item} />`} />`}
        </li>`)}
    </ul>
  `;
}

function Guests({ count, onChange }) {
  return html`
    <${Stepper} text=${t('waiter.guest_count')} fewer=${t('waiter.fewer')} more=${t('waiter.more')}
      count=${count} onChange=${onChange} />
  `;
}
