/** The dialog in which staff set what is sold out, and how many portions are left. */

import { newRequestId } from '../../client/requests.js';
import { html, qr, Sheet, t, useFormats, useState, withErrorNotice } from '../app.js';
import { findItems } from './search.js';

/** The end of an item's unavailability: none, which is until it is set available, or the end of the business day. */
const ENDS = { today: 'end_of_day', indefinitely: null };

/** A typed number of portions; null, which is not counted, if the field is empty. */
const portionsOf = (text) => (text.trim() === '' ? null : Number(text));

export function SoldOut({ id, menu, onClose }) {
  const [text, setText] = useState('');
  const { time, date } = useFormats(menu);
  const items = menu.categories.flatMap((category) => category.items);
  const [soldOut] = useState(() => new Set(items.filter(({ available }) => !available).map((item) => item.id)));
  const shown = findItems(items, text).sort((a, b) => Number(soldOut.has(b.id)) - Number(soldOut.has(a.id))); // sold-out dishes first
  const set = (item, change) => withErrorNotice(qr.http.patch(`/restaurants/${id}/menu/items/${item.id}`, change, { key: newRequestId() }));
  return html`
    <${Sheet} size="wide" title=${t('shared.sold_out.title')} onClose=${onClose}>
      <label class="field">${t('shared.sold_out.search')}
        <input type="search" autocomplete="off" value=${text} onInput=${({ target }) => setText(target.value)} />
      </label>
      <ul class="sold-out">
        ${shown.map((item) => html`
          <li key=${item.id} class="row" data-available=${String(item.available)}>
            <span>
              <span id=${`sold-out-${item.id}`}>${item.name}</span>
              ${item.unavailable_until && html` <span class="muted small">${t('shared.sold_out.until', {
                time: `${date(item.unavailable_until)}, ${time(item.unavailable_until)}`,
              })}</span>`}
            </span>
            <label class="field">${t('shared.sold_out.portions')}
              <input type="number" min="0" max="9999" step="1" inputmode="numeric" aria-describedby=${`sold-out-${item.id}`} value=${item.portions ?? ''}
                onChange=${({ target }) => set(item, { portions: portionsOf(target.value) })} />
            </label>
            ${item.available
              ? html`<span class="row" role="group" aria-labelledby=${`sold-out-${item.id}`}>
                ${Object.entries(ENDS).map(([name, until]) => html`
                  <button key=${name} class="button" onClick=${() => set(item, { available: false, until })}>${t(`shared.sold_out.${name}`)}</button>`)}
              </span>`
              : html`<button class="button" aria-describedby=${`sold-out-${item.id}`} onClick=${() => set(item, { available: true })}>${t('shared.sold_out.available')}</button>`}
          </li>`)}
      </ul>
    <//>
  `;
}
