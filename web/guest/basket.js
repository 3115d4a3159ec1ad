/** What one is about to order. */

import { html, Sheet, t, useFormats, useState } from '../shared/app.js';
import { Stepper, useVisit } from './menu.js';
import { sum, times } from './money.js';

/** The lines of a basket or of an order that waits, with what the menu says of them. */
export function priced(lines, menu) {
  const items = new Map(menu.categories.flatMap((category) => category.items.map((item) => [item.id, item])));
  return lines.map((line) => {
    const item = items.get(line.menu_item_id);
    const price = item?.price ?? '0.00';
    return {
      ...line,
      name: item?.name ?? t('guest.basket.unknown'),
      available: item?.available ?? false,
      total: times(price, line.quantity),
      was: item && line.price !== undefined && line.price !== price ? line.price : null,
    };
  });
}

export function BasketBar({ menu, visit, onPlaced }) {
  const [open, show] = useState(false);
  const { money } = useFormats(menu);
  useVisit(visit);
  const lines = priced(visit.basket, menu);
  const count = lines.reduce((all, { quantity }) => all + quantity, 0);
  const close = () => show(false);
  const place = () => {
    visit.place();
    close();
    onPlaced();
  };
  return html`
    ${count > 0 && html`
      <button id="basket" class="button main basket-bar" onClick=${() => show(true)}>
        <span>${t('guest.basket.open', { count })}</span>
        <span class="amount">${money(sum(lines.map(({ total }) => total)))}</span>
      </button>
    `}
    ${open && html`
      <${Sheet} title=${t('guest.basket.title')} onClose=${close}>
        <${Basket} lines=${lines} money=${money} visit=${visit} place=${place} />
      <//>
    `}
  `;
}

function Basket({ lines, money, visit, place }) {
  const soldOut = lines.some(({ available }) => !available);
  if (lines.length === 0) return html`<p class="empty">${t('guest.basket.empty')}</p>`;
  return html`
    <ul class="lines">
      ${lines.map((line) => html`<${Line} key=${line.menu_item_id} line=${line} money=${money} visit=${visit} />`)}
    </ul>
    <p class="row total"><span>${t('guest.total')}</span>
      <span class="amount">${money(sum(lines.map(({ total }) => total)))}</span></p>
    ${soldOut && html`<p class="pill" data-tone="bad" role="status">${t('guest.basket.sold_out')}</p>`}
    <button class="button main" disabled=${soldOut} onClick=${place}>${t('guest.basket.place')}</button>
  `;
}

function Line({ line, money, visit }) {
  const { menu_item_id: id, name, quantity, notes, available, total, was } = line;
  return html`
    <li class="line card">
      <div class="row">
        <span class="name">${name}</span>
        <span class="amount">${money(total)}</span>
      </div>
      ${was !== null && html`<p class="pill" data-tone="warn" role="status">${t('guest.basket.price_was', { price: money(was) })}</p>`}
      ${available
        ? html`
          <label class="field">
            ${t('guest.basket.notes')}
            <input value=${notes} maxlength="200" placeholder=${t('guest.basket.notes_example')}
              onInput=${({ target }) => visit.note(id, target.value)} />
          </label>`
        : html`<p class="pill" data-tone="bad">${t('guest.menu.sold_out')}</p>`}
      <div class="row">
        <button class="button quiet" onClick=${() => visit.remove(id)}
          aria-label=${t('guest.basket.remove_what', { name })}>${t('guest.basket.remove')}</button>
        <${Stepper} name=${name} count=${quantity} full=${!available} change=${(by) => visit.add(id, by)} />
      </div>
    </li>
  `;
}
