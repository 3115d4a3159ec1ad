/**
 * The dialog in which a waiter takes an order. It is stored before it is sent, with its idempotency key, until it is
 * answered: a reload loses nothing, and an order that is sent again is placed once.
 */

import {
  claims, html, notify, Sheet, t, token, useChannel, useMemo, useOpenChannel, useState, useStickyBar,
  useStoredState,
} from '../shared/app.js';
import { DishSheet } from '../shared/menu/dish-sheet.js';
import { inLanguage } from '../shared/menu/menu-language.js';
import { withMenuData } from '../shared/menu/line-data.js';
import { sum } from '../shared/menu/money.js';
import { itemsOf, MAX_QUANTITY, mostOf, needsChoice } from '../shared/menu/pricing.js';
import { findItems } from '../shared/menu/search.js';
import { Options } from '../shared/options.js';
import { useOrderItems } from '../shared/order-items.js';
import {
  countOf, frequentItems, lastLineOf, linesOf, withChange, withOrdered, withPieces,
} from './order-draft.js';
import { newRequest, refusalText, sendRequest } from './order-request.js';
import { numberOf, openOrders, OrderTarget } from './order-target.js';

const EMPTY = { lines: [], request: null, orderId: null };

/**
 * The draft of a session's next order, or of items for the order with `orderId`. `request` is set from when it is
 * sent until it is answered; `settle` changes the draft only if it is still that of the same request, because an
 * answer may come after the next draft was begun.
 */
export function useOrderDraft(sessionId) {
  const [draft, setDraft] = useStoredState(`order-draft-${sessionId}`, EMPTY);
  const change = (edit) => setDraft((before) => ({ ...before, lines: edit(before.lines) }));
  const settle = ({ key }, next) => setDraft((before) => (before.request?.key === key ? next : before));
  return { ...draft, setDraft, change, settle };
}

export function OrderPad({ session, name, money, onClose }) {
  const menuChannel = useOpenChannel('menu', session.restaurant_id);
  const { data } = useChannel(menuChannel);
  const menu = useMemo(() => data && inLanguage(data, ''), [data]);
  const draft = useOrderDraft(session.id);
  const lastId = session.orders.findLast(({ status }) => status !== 'cancelled')?.order_id;
  const lastOrder = useOrderItems(lastId === undefined ? [] : [lastId], session.version).get(lastId);
  const [isReviewing, setIsReviewing] = useState(false);
  const [edited, setEdited] = useState(null);
  const items = menu ? itemsOf(menu) : new Map();
  const editedItem = items.get(edited?.itemId);
  const lines = draft.lines.map((line) => withMenuData(line, items, t('waiter.pad.unknown')));
  const total = sum(lines.map((line) => line.total));
  const finish = (line, quantity) => {
    draft.change((before) => (edited.line
      ? withChange(before, edited.line.id, { ...line, quantity })
      : withPieces(before, line, quantity)));
    setEdited(null);
  };
  const parts = { session, draft, lines, total, money, onEdit: setEdited, onClose };
  const showsReview = isReviewing || draft.request !== null;
  return html`
    <${Sheet} key=${showsReview ? 'review' : 'menu'} size="wide" title=${t('waiter.pad.title', { number: name })} onClose=${onClose}>
      ${!menu && html`<p class="muted" role="status">${t('shared.connection.connecting')}</p>`}
      ${menu && !showsReview && html`<${Picker} ...${parts} menu=${menu} lastOrder=${lastOrder} onReview=${() => setIsReviewing(true)} />`}
      ${menu && showsReview && html`<${Review} ...${parts} menuChannel=${menuChannel} onBack=${() => setIsReviewing(false)} />`}
    <//>
    ${editedItem && html`
      <${DishSheet} item=${editedItem} line=${edited.line} money=${money} addLabel=${t('waiter.pad.add')} onDone=${finish}
        onClose=${() => setEdited(null)} />`}
  `;
}

/** The menu: one tap adds a dish. */
function Picker({ session, draft, lines, total, menu, money, lastOrder, onEdit, onReview }) {
  const [text, setText] = useState('');
  const foot = useStickyBar('foot');
  const [counts] = useStoredState(`ordered-${session.restaurant_id}`, {});
  const all = menu.categories.flatMap(({ items }) => items);
  const frequent = frequentItems(all, counts);
  const found = text.trim() ? [{ name: t('waiter.pad.found'), items: findItems(all, text) }] : null;
  const sections = found ?? [
    ...(frequent.length > 0 ? [{ name: t('waiter.pad.frequent'), items: frequent }] : []), ...menu.categories,
  ];
  const count = lines.reduce((pieces, { quantity }) => pieces + quantity, 0);
  const repeated = lastOrder ? linesOf(lastOrder) : [];
  const repeat = () => draft.change((before) => repeated.reduce(
    (after, { quantity, notes, ...line }) => withPieces(after, notes ? { ...line, notes, id: 0 } : line, quantity), before));
  return html`
    <div class="pad-tools">
      <label class="field"><span class="visually-hidden">${t('waiter.pad.search')}</span>
        <input type="search" enterkeyhint="search" autocomplete="off" placeholder=${t('waiter.pad.search')} value=${text}
          onInput=${({ target }) => setText(target.value)} />
      </label>
      ${repeated.length > 0 && html`<button class="button" onClick=${repeat}>${t('waiter.pad.repeat')}</button>`}
    </div>
    ${!found && html`
      <nav class="pad-categories" aria-label=${t('waiter.pad.categories')}>
        ${sections.map((each, index) => html`
          <button key=${each.name} class="button quiet" onClick=${() => document.getElementById(`pad-${index}`).scrollIntoView()}>${each.name}</button>`)}
      </nav>`}
    ${sections.map((each, index) => html`
      <section key=${each.name} aria-labelledby=${`pad-${index}`}>
        <h3 id=${`pad-${index}`}>${each.name}</h3>
        ${each.items.length === 0 && html`<p class="empty" role="status">${t('waiter.pad.nothing')}</p>`}
        <ul class="pad-items">
          ${each.items.map((item) => html`<${Dish} key=${item.id} item=${item} draft=${draft} money=${money} onEdit=${onEdit} />`)}
        </ul>
      </section>`)}
    <div class="pad-foot" ref=${foot}>
      <button class="button main wide" disabled=${count === 0} onClick=${onReview}>
        <span>${t('waiter.pad.review', { count })}</span><span class="amount">${money(total)}</span>
      </button>
    </div>
  `;
}

function Dish({ item, draft, money, onEdit }) {
  const { id, name, price, available, groups } = item;
  const count = countOf(draft.lines, id);
  const open = () => onEdit({ itemId: id });
  const add = () => (needsChoice(item) ? open() : draft.change((lines) => withPieces(lines, { menu_item_id: id, options: [] }, 1)));
  const remove = () => draft.change((lines) => withPieces(lines, lastLineOf(lines, id), -1));
  return html`
    <li data-available=${String(available)}>
      <button class="pad-add" data-repeat disabled=${!available || count >= mostOf(item)} aria-haspopup=${needsChoice(item) ? 'dialog' : null}
        onClick=${add}>
        <span class="name">${name}</span>
        ${available ? html`<span class="amount">${money(price)}</span>` : html`<span class="pill" data-tone="bad">${t('shared.menu.sold_out')}</span>`}
        ${count > 0 && html`<span class="pill" data-tone="good">${count}<span class="visually-hidden"> ${t('waiter.pad.taken')}</span></span>`}
      </button>
      ${count > 0 && html`<button class="button icon" data-repeat aria-label=${t('shared.menu.fewer', { name })} onClick=${remove}>−</button>`}
      ${groups.length > 0 && available && html`
        <button class="button quiet" aria-haspopup="dialog" aria-label=${t('waiter.pad.options_of', { name })} onClick=${open}>${t('waiter.pad.options')}</button>`}
    </li>
  `;
}

/** The lines before they are sent, and while their answer is missing. */
function Review({ session, draft, lines, total, money, menuChannel, onEdit, onBack, onClose }) {
  const [busy, setBusy] = useState(false);
  const [, setCounts] = useStoredState(`ordered-${session.restaurant_id}`, {});
  const { request, orderId = null } = draft;
  const chosen = openOrders(session).find(({ order_id }) => order_id === orderId)?.order_id;
  const target = (request ? request.order_id : chosen) ?? null;
  const number = numberOf(session, target);
  const isOfAnother = request !== null && request.caller !== claims().sub; // the service would take it for a new order
  const isBlocked = request === null && (lines.length === 0 || lines.some(({ available, isValid }) => !(available && isValid)));
  const send = async () => {
    const sent = request ?? newRequest(draft.lines, total, target);
    draft.setDraft({ lines: draft.lines, request: sent, orderId });
    setBusy(true);
    try {
      await sendRequest(session, sent);
    } catch (error) {
      notify(refusalText(error, sent, number, money), 'bad');
      if (error.code === 'price_changed') menuChannel.refresh().catch(() => {}); // its next event updates it, too
      const next = error.code === 'invalid_transition' ? null : orderId;
      if (error.isFinal === true) draft.settle(sent, { lines: draft.lines, request: null, orderId: next });
      setBusy(false);
      return;
    }
    setCounts((counts) => withOrdered(counts, sent.items));
    draft.settle(sent, EMPTY);
    notify(target === null ? t('waiter.pad.sent') : t('waiter.pad.added', { number }));
    onClose();
  };
  return html`
    ${request && !busy && html`<p class="card" role="alert">${t(isOfAnother ? 'waiter.pad.of_another' : 'waiter.pad.unanswered')}</p>`}
    <ul class="pad-lines">
      ${lines.map((line) => html`<${Line} key=${line.id} line=${line} draft=${draft} money=${money} onEdit=${onEdit} isSent=${request !== null} />`)}
    </ul>
    <p class="row total"><span>${t('waiter.pad.total')}</span><span class="amount">${money(total)}</span></p>
    ${request === null && html`
      <${OrderTarget} session=${session} orderId=${orderId} onChange=${(id) => draft.setDraft({ ...EMPTY, lines: draft.lines, orderId: id })} />`}
    <div class="pad-foot">
      ${request === null && html`<button class="button" onClick=${onBack}>${t('waiter.pad.back')}</button>`}
      ${isOfAnother && html`
        <button class="button" onClick=${() => draft.settle(request, { ...EMPTY, lines: draft.lines, orderId })}>${t('waiter.pad.not_there')}</button>
        <button class="button" onClick=${() => draft.settle(request, EMPTY)}>${t('waiter.pad.is_there')}</button>`}
      <button key=${target} class="button main" hidden=${isOfAnother} disabled=${busy || isBlocked || token() === null} onClick=${send}>
        <span>${request && !busy ? t('waiter.again') : target === null ? t('waiter.pad.send') : t('waiter.pad.send_to', { number })}</span>
      </button>
    </div>
  `;
}

function Line({ line, draft, money, onEdit, isSent }) {
  const { id, item, name, options, quantity, notes, available, isValid, total } = line;
  const change = (difference) => draft.change((lines) => withPieces(lines, line, difference));
  return html`
    <li class="card">
      <div class="row">
        <span><span class="amount">${quantity} ×</span> <span class="name">${name}</span><${Options} options=${options} /></span>
        <span class="amount">${money(total)}</span>
      </div>
      ${!(available && isValid) && html`<p class="pill" data-tone="bad" role="status">${t(available ? 'waiter.pad.check_options' : 'shared.menu.sold_out')}</p>`}
      ${isSent ? notes && html`<em class="notes">${notes}</em>` : html`
        <label class="field">${t('waiter.pad.notes')}
          <input value=${notes} maxlength="200" onInput=${({ target }) => draft.change((lines) => withChange(lines, id, { notes: target.value }))} />
        </label>
        <div class="row">
          ${item?.groups.length > 0 && html`
            <button class="button quiet" aria-haspopup="dialog" aria-label=${t('waiter.pad.options_of', { name })}
              onClick=${() => onEdit({ itemId: item.id, line })}>${t('waiter.pad.options')}</button>`}
          <span class="stepper" role="group" aria-label=${name}>
            <button class="button icon" data-repeat aria-label=${t('shared.menu.fewer', { name })} onClick=${() => change(-1)}>−</button>
            <span class="count" aria-live="polite">${quantity}</span>
            <button class="button icon" data-repeat disabled=${quantity >= MAX_QUANTITY} aria-label=${t('shared.menu.add', { name })} onClick=${() => change(1)}>+</button>
          </span>
        </div>`}
    </li>
  `;
}
