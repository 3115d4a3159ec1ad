/** What is to be done now: carry what is ready, answer calls, take note of the rest. */

import { html, qr, saying, t, token, useEffect, useRef, useState } from '../shared/app.js';
import { useDishes } from '../shared/dishes.js';
import { Options } from '../shared/options.js';
import { answeredBills, isServed } from './notes.js';
import { isOwn, settle } from './own-payments.js';
import { sentence } from './sentences.js';

export function Now({ me, channel, sessions, formats, now, nameOf }) {
  const parties = [...sessions.values()].filter(({ waiter_id }) => waiter_id === me?.waiter_id);
  const ready = parties.flatMap((party) =>
    party.orders.filter(({ status }) => status === 'ready').map((order) => ({ party, order })),
  );
  const carried = new Set(ready.map(({ order }) => order.order_id));
  const isCarried = ({ kind, order_id }) => kind === 'order_ready' && carried.has(order_id);
  const tasks = me?.tasks ?? [];
  const news = tasks.filter((note) => !note.acknowledged_at);
  const answered = useResolved(parties.flatMap(answeredBills));
  const promised = parties.flatMap((party) =>
    party.calls.filter(({ call_id, status }) => status === 'acknowledged' && !answered.includes(call_id))
      .map((call) => ({ ...call, place: nameOf(party) })),
  );
  const own = useAcknowledged(news.filter((note) => isOwn(note) || isServed(note, parties)), channel);
  const isDone = (note) => own.has(note.notification_id) || answered.includes(note.call_id);
  const notes = news.filter((note) => !isCarried(note) && !isDone(note)).sort(byUrgency);
  const seen = notes.filter(({ kind }) => TAKEN_NOTE_OF.includes(kind));
  const acknowledge = (note) =>
    saying(channel.request('acknowledge', { notification_id: note.notification_id }));
  const acknowledgeAll = () => Promise.all(seen.map(acknowledge));
  const deliver = (order) => saying(qr.http.patch(`/orders/${order.order_id}`, { status: 'delivered' }));
  const count = ready.length + notes.length + promised.length;
  return html`
    <section class="now" aria-labelledby="now">
      <h2 id="now">${t('waiter.now')} ${count > 0 && html`<span class="pill" data-tone="warn">${count}</span>`}</h2>
      ${me && count === 0 && html`<p class="card calm">${t('waiter.nothing')}</p>`}
      <ul class="todo" aria-live="polite">
        ${ready.map(({ party, order }) => html`
          <${Carry} key=${`carry-${order.order_id}`} party=${party} place=${nameOf(party)} order=${order}
            onDone=${() => deliver(order)} />`)}
        ${promised.map((call) => html`
          <${Todo} key=${`call-${call.call_id}`} place=${call.place} kind="promised"
            text=${t(`waiter.calls.${call.reason}`)} detail=${t('waiter.promised')} button=${t('waiter.done')}
            disabled=${token() === null}
            onDone=${() => saying(qr.http.patch(`/calls/${call.call_id}`, { status: 'resolved' }))} />`)}
        ${notes.map((note) => html`
          <${Todo} key=${note.notification_id} place=${note.table_number ? nameOf(note) : '!'} kind=${note.kind}
            text=${sentence(note, formats)} detail=${formats.minutes(note.created_at, now)}
            button=${t(note.kind === 'call' ? 'waiter.coming' : 'waiter.noted')}
            onDone=${() => acknowledge(note)} />`)}
      </ul>
      ${seen.length > 1 && html`
        <button class="button quiet" onClick=${acknowledgeAll}>${t('waiter.all_noted', { count: seen.length })}</button>`}
      <${Earlier} notes=${tasks.filter((note) => note.acknowledged_at)} formats=${formats}
        nameOf=${nameOf} />
    </section>
  `;
}

/** Acknowledges notices that ask for nothing more; returns the ids of those that it has. */
function useAcknowledged(own, channel) {
  const ids = useRef(new Set());
  own.forEach(({ notification_id }) => ids.current.add(notification_id));
  useEffect(() => {
    for (const note of own) {
      channel.request('acknowledge', { notification_id: note.notification_id }).then(
        () => settle(note),
        () => {}, // it is only hidden; with the next change it is tried again
      );
    }
  }, [own.map(({ notification_id }) => notification_id).join()]);
  return ids.current;
}

/** Resolves these calls; returns their ids. */
function useResolved(calls) {
  const ids = calls.map(({ call_id }) => call_id);
  useEffect(() => {
    if (token() === null) return;
    for (const id of ids) qr.http.patch(`/calls/${id}`, { status: 'resolved' }).catch(() => {}); // it is only hidden
  }, [ids.join()]);
  return ids;
}

/** What asks for nothing but to be seen. */
const TAKEN_NOTE_OF = ['new_order', 'payment'];
const URGENT = ['alert', 'call', 'order_ready', 'task', ...TAKEN_NOTE_OF];

/** What people wait for first; among equals, who has waited longest. */
function byUrgency(a, b) {
  return URGENT.indexOf(a.kind) - URGENT.indexOf(b.kind) || a.created_at.localeCompare(b.created_at);
}

/** An order that stands at the pass. */
function Carry({ party, place, order, onDone }) {
  const dishes = useDishes([order.order_id], party.version).get(order.order_id);
  const plates = (dishes?.items ?? []).filter(({ status }) => status !== 'voided');
  const lines = plates.map(({ item_id, quantity, name, options }) => html`
    <span key=${item_id}>${quantity} × ${name}<${Options} options=${options} /></span>`);
  const count = t('waiter.items', { count: order.items_count });
  return html`
    <${Todo} place=${place} kind="carry" text=${lines.length > 0 ? lines : count}
      detail=${t('waiter.carry')} button=${t('waiter.delivered')} disabled=${token() === null} onDone=${onDone} />
  `;
}

/** One thing to do: where, what, and a button that is easily hit. */
function Todo({ place, kind, text, detail, button, disabled = false, onDone }) {
  const [busy, setBusy] = useState(false);
  const act = async () => {
    setBusy(true);
    await onDone();
    setBusy(false);
  };
  return html`
    <li class="card todo-row" data-kind=${kind}>
      <span class="number" aria-hidden="true">${place}</span>
      <span class="what">
        <span class="visually-hidden">${place === '!' ? '' : t('waiter.table', { number: place })}</span>
        <strong>${text}</strong>
        <span class="muted small">${detail}</span>
      </span>
      <button key=${button} class="button ${TAKEN_NOTE_OF.includes(kind) ? '' : 'main'}" disabled=${busy || disabled} onClick=${act}>${button}</button>
    </li>
  `;
}

function Earlier({ notes, formats, nameOf }) {
  if (notes.length === 0) return null;
  const latest = [...notes].reverse().slice(0, 20);
  return html`
    <details class="earlier">
      <summary>${t('waiter.earlier')}</summary>
      <ul>
        ${latest.map((note) => html`
          <li key=${note.notification_id} class="row">
            <span>${note.table_number ? `${nameOf(note)} · ` : ''}${sentence(note, formats)}</span>
            <span class="muted small amount">${formats.time(note.created_at)}</span>
          </li>`)}
      </ul>
    </details>
  `;
}
