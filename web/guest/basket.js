/** What one is about to order. */

import { html, Sheet, t, useFormats, useState } from '../shared/app.js';
import { Options } from '../shared/options.js';
import { DishSheet } from './dish.js';
import { useVisit } from './menu.js';
import { sum, times } from './money.js';
import { isValid, itemsOf, lineKey, optionsOf, unitPrice } from './pricing.js';
import { Stepper } from './stepper.js';

/** The lines of a basket or of an order that waits, with what the menu says of them. */
export function priced(lines, menu) {
  const items = itemsOf(menu);
  return lines.map((line) => {
    const item = items.get(line.menu_item_id);
    const chosen = line.options ?? [];
    const named = item ? optionsOf(item) : new Map();
    const name = t('guest.basket.unknown');
    const price = item ? unitPrice(item, chosen) : '0.00';
    return {
      ...line,
      key: lineKey(line),
      item,
      name: item?.name ?? name,
      options: chosen.map((each) => ({ ...each, name: named.get(each.option_id)?.name ?? name })),
      available: item?.available ?? false,
      isValid: !item || isValid(item, chosen),
      total: times(price, line.quantity),
      was: item && line.price !== undefined && line.price !== price ? line.price : null,
    };
  });
}

export function BasketBar({ menu, visit, onPlaced }) {
  const [open, show] = useState(false);
  const [changing, change] = useState(null);
  const { money } = useFormats(menu);
  useVisit(visit);
  const lines = priced(visit.basket, menu);
  const count = lines.reduce((all, { quantity }) => all + quantity, 0);
  const total = sum(lines.map((line) => line.total));
  const changed = lines.find(({ key }) => key === changing);
  const close = () => show(false);
  const place = () => {
    visit.place(total);
    close();
    onPlaced();
  };
  const replace = (line, quantity) => {
    visit.remove(changed.key);
    visit.add({ ...line, notes: changed.notes }, quantity);
    change(null);
  };
  return html`
    ${count > 0 && html`
      <button id="basket" class="button main basket-bar" onClick=${() => show(true)}>
        <span>${t('guest.basket.open', { count })}</span>
        <span class="amount">${money(total)}</span>
      </button>
    `}
    ${open && !changed && html`
      <${Sheet} key="basket" title=${t('guest.basket.title')} onClose=${close}>
        <${Basket} lines=${lines} total=${total} money=${money} visit=${visit} place=${place} change=${change} />
      <//>
    `}
    ${changed && html`
      <${DishSheet} key=${changed.key} item=${changed.item} line=${changed} money=${money} onDone=${replace}
        onClose=${() => change(null)} />
    `}
  `;
}

function Basket({ lines, total, money, visit, place, change }) {
  const soldOut = lines.some(({ available }) => !available);
  const isBlocked = soldOut || lines.some((line) => !line.isValid);
  if (lines.length === 0) return html`<p class="empty">${t('guest.basket.empty')}</p>`;
  return html`
    <ul class="lines">
      ${lines.map((line) => html`<${Line} key=${line.key} line=${line} money=${money} visit=${visit} change=${change} />`)}
    </ul>
    <p class="row total"><span>${t('guest.total')}</span><span class="amount">${money(total)}</span></p>
    ${soldOut && html`<p class="pill" data-tone="bad" role="status">${t('guest.basket.sold_out')}</p>`}
    <button class="button main" disabled=${isBlocked} onClick=${place}>${t('guest.basket.place')}</button>
  `;
}

function Line({ line, money, visit, change }) {
  const { key, item, name, options, quantity, notes, available, total, was } = line;
  return html`
    <li class="line card">
      <div class="row">
        <span><span class="name" lang=${item?.lang}>${name}</span><${Options} options=${options} /></span>
        <span class="amount">${money(total)}</span>
      </div>
      ${available && !line.isValid && html`<p class="pill" data-tone="bad" role="status">${t('guest.basket.check_options')}</p>`}
      ${was !== null && html`<p class="pill" data-tone="warn" role="status">${t('guest.basket.price_was', { price: money(was) })}</p>`}
      ${available
        ? html`
          <label class="field">
            ${t('guest.basket.notes')}
            <input value=${notes} maxlength="200" placeholder=${t('guest.basket.notes_example')}
              onInput=${({ target }) => visit.note(key, target.value)} />
          </label>`
        : html`<p class="pill" data-tone="bad">${t('guest.menu.sold_out')}</p>`}
      <div class="row">
        <button class="button quiet" onClick=${() => visit.remove(key)}
          aria-label=${t('guest.basket.remove_what', { name })}>${t('guest.basket.remove')}</button>
        ${item?.groups.length > 0 && html`
          <button class="button quiet" aria-haspopup="dialog" onClick=${() => change(key)}
            aria-label=${t('guest.basket.change_what', { name })}>${t('guest.basket.change')}</button>`}
        <${Stepper} name=${name} count=${quantity} full=${!available} change=${(by) => visit.add(line, by)} />
      </div>
    </li>
  `;
}
