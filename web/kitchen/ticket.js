/** One order as the kitchen works on it: item by item, or with one tap to its next state. */

import { html, minutesBetween, saying, t, useFormats, useState } from '../shared/app.js';

/** Minutes after which an order is due, and late. */
const DUE = 8;
const LATE = 15;

const NEXT = {
  pending: { status: 'confirmed', text: 'kitchen.confirm' },
  confirmed: { status: 'ready', text: 'kitchen.finish' },
};

export function Ticket({ ticket: { id, order, items, channels }, now, place }) {
  const { time, minutes } = useFormats(place);
  const isReady = order.status === 'ready';
  const age = isReady ? 'calm' : ageOf(order.created_at, now);
  return html`
    <li class="ticket" data-age=${age} data-status=${order.status} data-order=${id} aria-labelledby=${`ticket-${id}`}>
      <header class="row">
        <h3 id=${`ticket-${id}`}>${t('kitchen.table', { number: order.table_number })}</h3>
        <${Age} age=${age} text=${minutes(order.created_at, now)} />
      </header>
      <p class="row muted small">
        <span>${t('kitchen.order', { id })}</span><span>${time(order.created_at)}</span>
      </p>
      <ul class="items">
        ${items.map((item) => html`
          <${Item} key=${item.item_id} item=${item} channel=${channels.items}
            open=${order.status === 'confirmed'} />
        `)}
      </ul>
      ${isReady
        ? html`<p class="pill" data-tone="good">✓ ${t('kitchen.waits')}</p>`
        : html`<${Next} next=${NEXT[order.status]} channel=${channels.order} />`}
    </li>
  `;
}

function ageOf(created, now) {
  const minutes = minutesBetween(created, now);
  if (minutes >= LATE) return 'late';
  return minutes >= DUE ? 'due' : 'calm';
}

/** In words beside the colour: not everybody sees it. */
function Age({ age, text }) {
  const tone = { calm: '', due: 'warn', late: 'bad' }[age];
  const word = { due: `${t('kitchen.soon')} · `, late: `! ${t('kitchen.late')} · ` }[age] ?? '';
  return html`<span class="pill age" data-tone=${tone}>${word}${text}</span>`;
}

function Item({ item, channel, open }) {
  const [sending, finish] = useSending(() => channel.request('update_item', { item_id: item.item_id, status: 'ready' }));
  const isReady = item.status === 'ready';
  const isVoid = item.status === 'voided';
  const text = html`
    <span class="count amount">${item.quantity} ×</span>
    <span class="what">${item.name}${item.notes && html`<em class="notes">${item.notes}</em>`}</span>
    <span class="state" aria-hidden="true">${isReady ? '✓' : isVoid ? '✕' : ''}</span>
    ${(isReady || isVoid) && html`
      <span class="visually-hidden">${t(isReady ? 'kitchen.item_ready' : 'kitchen.voided')}</span>`}
  `;
  if (!open || isVoid) return html`<li class="item" data-status=${item.status}>${text}</li>`;
  return html`
    <li>
      <button class="item" data-status=${item.status} aria-pressed=${isReady} aria-busy=${sending}
        onClick=${() => isReady || finish()}>${text}</button>
    </li>
  `;
}

function Next({ next, channel }) {
  const [sending, send] = useSending(() => channel.request('update_status', { status: next.status }));
  if (!next) return null;
  return html`
    <button class="button main next" aria-busy=${sending} onClick=${send}>
      ${sending ? t('kitchen.sending') : t(next.text)}
    </button>
  `;
}

/**
 * Whether a request is under way, and a function that sends it unless one is.
 * @returns {[boolean, () => Promise<void>]}
 */
function useSending(request) {
  const [sending, set] = useState(false);
  const send = async () => {
    if (sending) return;
    set(true);
    await saying(request());
    set(false);
  };
  return [sending, send];
}
