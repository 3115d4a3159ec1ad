/** The ticket of one order: buttons for each item, and one for the whole order's next status. */

import { html, minutesBetween, t, useEffect, useFormats, useRef, useState, withErrorNotice } from '../shared/app.js';
import { allergenName } from '../shared/allergens.js';
import { Options } from '../shared/options.js';
import { voidedUnits } from '../shared/order-items.js';
import { orderNumber } from '../shared/orders.js';
import { tableName } from '../shared/table-name.js';
import { allergenText, mentionsAllergy } from './allergens.js';
import { canSetStatus } from './permissions.js';
import { Recall } from './recall.js';

/** Minutes after which an order is due, and late. */
const DUE_MINUTES = 8;
const LATE_MINUTES = 15;

/** The next status, and the text of its button. */
const NEXT = {
  pending: { status: 'confirmed', text: 'kitchen.confirm' },
  confirmed: { status: 'ready', text: 'kitchen.finish' },
};

/** Placeholder rows while the items are loading. */
const MAX_PLACEHOLDERS = 4;

export const elementId = (order) => `ticket-${order.id}`;

export function Ticket({ order, board, now, restaurant }) {
  const { time, minutes } = useFormats(restaurant);
  const { row, status, items } = order;
  const ticket = useMarkSeen(order, board);
  const isCancelled = status === 'cancelled';
  const age = status === 'ready' || isCancelled ? 'normal' : ageOf(row.created_at, now);
  return html`
    <li class="ticket" data-age=${age} data-status=${status} data-order=${order.id} data-new=${order.isNew} tabindex="-1"
      aria-labelledby=${elementId(order)} aria-busy=${items === null} ref=${ticket}>
      <header class="row">
        <h3 id=${elementId(order)}>${t('kitchen.table', { number: tableName(row, restaurant?.tables.list) })}</h3>
        ${isCancelled
          ? html`<span class="pill" data-tone="bad">✕ ${t('kitchen.cancelled')}</span>`
          : html`<${Age} age=${age} text=${minutes(row.created_at, now)} />`}
      </header>
      <p class="row muted small">
        <span>${t('kitchen.order', { number: orderNumber(row) })}</span><span>${time(row.created_at)}</span>
      </p>
      <ul class="items">
        ${items === null ? html`<${Placeholders} count=${row.items_count} />` : items.map((item) => html`
          <${Item} key=${item.item_id} item=${item} order=${order} board=${board} />`)}
      </ul>
      <${TicketFooter} order=${order} board=${board} />
    </li>
  `;
}

/** A ref for the ticket; marks a new order as seen once half of its ticket has been in view. */
function useMarkSeen(order, board) {
  const ticket = useRef(null);
  useEffect(() => {
    if (!order.isNew) return undefined;
    const observer = new IntersectionObserver(
      ([{ isIntersecting }]) => isIntersecting && board.markSeen(order),
      { threshold: 0.5 },
    );
    observer.observe(ticket.current);
    return () => observer.disconnect();
  }, [order, order.isNew]);
  return ticket;
}

function ageOf(createdAt, now) {
  const minutes = minutesBetween(createdAt, now);
  if (minutes >= LATE_MINUTES) return 'late';
  return minutes >= DUE_MINUTES ? 'due' : 'normal';
}

/** The order's age; in words, too, because not everybody sees the colour. */
function Age({ age, text }) {
  const tone = { normal: '', due: 'warn', late: 'bad' }[age];
  const word = { due: `${t('kitchen.soon')} · `, late: `! ${t('kitchen.late')} · ` }[age] ?? '';
  return html`<span class="pill age" data-tone=${tone}>${word}${text}</span>`;
}

function Placeholders({ count }) {
  const lines = Array.from({ length: Math.min(count, MAX_PLACEHOLDERS) }, (_, line) => line);
  return html`
    <li class="visually-hidden">${t('kitchen.reading')}</li>
    ${lines.map((line) => html`<li key=${line} class="item" data-status="unknown" aria-hidden="true"></li>`)}
  `;
}

function Item({ item, order, board }) {
  const [sending, finish] = useSending(() => order.finish(item.item_id));
  const isReady = item.status === 'ready';
  const isVoid = item.status === 'voided';
  const isNewVoid = isVoid && order.status !== 'cancelled' && order.newVoids.includes(item);
  const voided = voidedUnits(item);
  const nameId = `item-${order.id}-${item.item_id}`;
  const text = html`
    <span class="count amount">${item.quantity} ×</span>
    <span class="details">
      <span class="name" id=${nameId}>${item.name}</span><${Options} options=${item.options} />
      ${item.notes && html`<em class="notes">${item.notes}</em>`}
      ${voided > 0 && html`<span class="voided-units">${t('kitchen.fewer', { count: voided })}</span>`}
      <${Allergens} item=${item} />
    </span>
    <span class="state" aria-hidden="true">${isReady ? '✓' : isVoid ? '✕' : ''}</span>
    ${(isReady || isVoid) && html`
      <span class="visually-hidden">${t(isReady ? 'kitchen.item_ready' : 'kitchen.voided')}</span>`}
  `;
  if (isNewVoid) {
    return html`
      <li>
        <button class="item" data-status="voided" data-alarm onClick=${() => board.acknowledgeVoid(order, item.item_id)}>
          ${text}<span class="pill" data-tone="bad">${t('kitchen.cancelled')}</span>
        </button>
      </li>
    `;
  }
  if (order.status !== 'confirmed' || isVoid || !canSetStatus('ready')) {
    return html`
      <li class="line">
        <div class="item" data-status=${item.status}>${text}</div>
        <${Recall} item=${item} order=${order} labelledBy=${nameId} />
      </li>
    `;
  }
  return html`
    <li class="line">
      <button class="item" data-status=${item.status} aria-pressed=${isReady} aria-busy=${sending}
        onClick=${() => isReady || finish()}>${text}</button>
      <${Recall} item=${item} order=${order} labelledBy=${nameId} />
    </li>
  `;
}

function Allergens({ item }) {
  const text = allergenText(item);
  const names = item.allergens?.map(allergenName).join(', ');
  return html`
    ${mentionsAllergy(item.notes) && html`<span class="pill allergy" data-tone="bad">! ${t('kitchen.allergy')}</span>`}
    ${text && html`<span class="allergens" data-text=${text}>${t(`kitchen.allergens.${text}`, { names })}</span>`}
  `;
}

/** The button for the whole order, or a note that it waits to be served. */
function TicketFooter({ order, board }) {
  const next = NEXT[order.status];
  const [sending, send] = useSending(() => order.advance(next.status));
  if (order.status === 'ready') return html`<p class="pill" data-tone="good">✓ ${t('kitchen.waits')}</p>`;
  if (order.status === 'cancelled') {
    return html`
      <button key="dismiss" class="button danger next" onClick=${() => board.dismiss(order)}>${t('kitchen.put_away')}</button>
    `;
  }
  return html`
    <button key=${next.status} class="button main next" aria-busy=${sending} onClick=${send}
      disabled=${order.items === null || !canSetStatus(next.status)}>
      ${sending ? t('kitchen.sending') : t(next.text)}
    </button>
  `;
}

/**
 * Whether a request is pending, and a function that sends it unless it is.
 * @returns {[boolean, () => Promise<void>]}
 */
function useSending(request) {
  const [sending, setSending] = useState(false);
  const send = async () => {
    if (sending) return;
    setSending(true);
    await withErrorNotice(request());
    setSending(false);
  };
  return [sending, send];
}
