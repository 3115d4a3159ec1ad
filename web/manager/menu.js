/** What there is to eat tonight: each dish with a switch, and with its editor. */

import { html, qr, saying, t, token, useChannel, useOpen, useState } from '../shared/app.js';
import { GroupEditor } from './group-editor.js';
import { ItemEditor } from './item-editor.js';

export function MenuList({ id, formats }) {
  const { data } = useChannel(useOpen('menu', id));
  const [edited, edit] = useState(null);
  const close = () => edit(null);
  const set = (item, available) =>
    saying(qr.http.patch(`/restaurants/${id}/menu/items/${item.id}`, { available }));
  return html`
    <section class="menu" aria-labelledby="menu">
      <h2 id="menu">${t('manager.menu')}
        <button class="button" disabled=${!data || token() === null} onClick=${() => edit({ groups: true })}>${t('manager.option_groups')}</button>
      </h2>
      <div class="cards">${data?.categories.map((category) => html`
        <section key=${category.name} class="card">
          <h3>${category.name}</h3>
          <ul>
            ${category.items.map((item) => html`
              <li key=${item.id} class="row" data-available=${String(item.available)}>
                <span class="dish" id="dish-${item.id}">${item.name}</span>
                <span class="amount muted">${formats.money(item.price)}</span>
                <button class="button quiet" disabled=${token() === null} aria-label="${t('manager.edit')}: ${item.name}"
                  onClick=${() => edit({ item })}>${t('manager.edit')}</button>
                <button class="switch" role="switch" disabled=${token() === null} aria-checked=${item.available} aria-labelledby="dish-${item.id}"
                  onClick=${() => set(item, !item.available)}>
                  <span>${t(item.available ? 'manager.available' : 'manager.gone')}</span>
                </button>
              </li>`)}
          </ul>
        </section>`)}</div>
      ${edited?.item && html`<${ItemEditor} id=${id} menu=${data} item=${edited.item} onClose=${close} />`}
      ${edited?.groups && html`<${GroupEditor} id=${id} menu=${data} onClose=${close} />`}
    </section>
  `;
}
