/** The basket: its button at the bottom of the page, and its dialog. */

import { html, Sheet, t, useFormats, useState } from '../shared/app.js';
import { Options } from '../shared/options.js';
import { DishSheet } from '../shared/menu/dish-sheet.js';
import { useVisit } from './menu.js';
import { withMenuData } from '../shared/menu/line-data.js';
import { sum } from '../shared/menu/money.js';
import { itemsOf, mostOf } from '../shared/menu/pricing.js';
import { Stepper } from '../shared/menu/stepper.js';
import { PortionsLeft, Unavailable } from '../shared/menu/unavailable.js';
import { PauseNotice } from '../shared/ordering-pause.js';

/** The lines of the basket or of an unsent order, with names, prices and availability from the menu. */
export function menuLines(lines, menu) {
  const items = itemsOf(menu);
  return lines.map((line) => withMenuData(line, items, t('guest.basket.unknown')));
}

export function BasketBar({ session, menu, visit, onPlaced }) {
  const [isOpen, setIsOpen] = useState(false);
  const [editedKey, setEditedKey] = useState(null);
  const { money, time } = useFormats(menu);
  useVisit(visit);
  const open = session.orders.filter(({ order_id, status }) => status === 'pending' && visit.ownOrderIds.includes(order_id)).pop();
  const lines = menuLines(visit.basket, menu);
  const count = lines.reduce((all, { quantity }) => all + quantity, 0);
  const total = sum(lines.map((line) => line.total));
  const edited = lines.find(({ key }) => key === editedKey);
  const close = () => setIsOpen(false);
  const place = (order_id) => {
    visit.place(total, order_id);
    close();
    onPlaced();
  };
  const replace = (line, quantity) => {
    visit.remove(edited.key);
    visit.add({ ...line, notes: edited.notes }, quantity);
    setEditedKey(null);
  };
  return html`
    ${count > 0 && html`
      <button id="basket" class="button main basket-bar" onClick=${() => setIsOpen(true)}>
        <span>${t('guest.basket.open', { count })}</span>
        <span class="amount">${money(total)}</span>
      </button>
    `}
    ${isOpen && !edited && html`
      <${Sheet} key="basket" title=${t('guest.basket.title')} onClose=${close}>
        <${Basket} menu=${menu} lines=${lines} total=${total} money=${money} visit=${visit} onEdit=${setEditedKey}
          open=${open && { id: open.order_id, time: time(open.created_at) }} onPlace=${place} />
      <//>
    `}
    ${edited && html`
      <${DishSheet} key=${edited.key} item=${edited.item} line=${edited} money=${money} onDone=${replace}
        taken=${visit.quantityOf(edited.item.id) - edited.quantity}
        onClose=${() => setEditedKey(null)} />
    `}
  `;
}

/** `open` is the guest's latest order if it is still pending: the items can be added to it. */
function Basket({ menu, lines, total, money, visit, open, onPlace, onEdit }) {
  const hasSoldOut = lines.some(({ available }) => !available);
  const hasTooMany = lines.some(({ item }) => item && visit.quantityOf(item.id) > mostOf(item));
  const isBlocked = hasSoldOut || hasTooMany || menu.ordering?.paused || lines.some((line) => !line.isValid);
  if (lines.length === 0) return html`<p class="empty">${t('guest.basket.empty')}</p>`;
  return html`
    <ul class="lines">
      ${lines.map((line) => html`<${Line} key=${line.key} line=${line} money=${money} visit=${visit} onEdit=${onEdit} />`)}
    </ul>
    <p class="row total"><span>${t('guest.total')}</span><span class="amount">${money(total)}</span></p>
    ${hasSoldOut && html`<p class="pill" data-tone="bad" role="status">${t('guest.basket.sold_out')}</p>`}
    <${PauseNotice} menu=${menu} />
    <button class="button main" disabled=${isBlocked} onClick=${() => onPlace()}>${t('guest.basket.place')}</button>
    ${open && html`
      <button class="button" disabled=${isBlocked} onClick=${() => onPlace(open.id)}>${t('guest.basket.add_to', { time: open.time })}</button>`}
  `;
}

function Line({ line, money, visit, onEdit }) {
  const { key, item, name, options, quantity, notes, available, total, oldPrice } = line;
  return html`
    <li class="line card">
      <div class="row">
        <span><span class="name" lang=${item?.lang}>${name}</span><${Options} options=${options} /></span>
        <span class="amount">${money(total)}</span>
      </div>
      ${available && !line.isValid && html`<p class="pill" data-tone="bad" role="status">${t('guest.basket.check_options')}</p>`}
      ${item && html`<${PortionsLeft} item=${item} />`}
      ${oldPrice !== null && html`<p class="pill" data-tone="warn" role="status">${t('guest.basket.price_was', { price: money(oldPrice) })}</p>`}
      ${available
        ? html`
          <label class="field">
            ${t('guest.basket.notes')}
            <input value=${notes} maxlength="200" placeholder=${t('guest.basket.notes_example')}
              onInput=${({ target }) => visit.setNotes(key, target.value)} />
          </label>`
        : html`<p>${item ? html`<${Unavailable} item=${item} />` : t('guest.basket.unknown')}</p>`}
      <div class="row">
        <button class="button quiet" onClick=${() => visit.remove(key)}
          aria-label=${t('guest.basket.remove_what', { name })}>${t('guest.basket.remove')}</button>
        ${item?.groups.length > 0 && html`
          <button class="button quiet" aria-haspopup="dialog" onClick=${() => onEdit(key)}
            aria-label=${t('guest.basket.change_what', { name })}>${t('guest.basket.change')}</button>`}
        <${Stepper} name=${name} count=${quantity} isMax=${!available || visit.quantityOf(item.id) >= mostOf(item)} onChange=${(difference) => visit.add(line, difference)} />
      </div>
    </li>
  `;
}
