/** The menu: each dish with a switch for its availability, and its editor. */

import { newRequestId } from '../client/requests.js';
import { html, qr, t, token, useChannel, useOpenChannel, useState, withErrorNotice } from '../shared/app.js';
import { SoldOut } from '../shared/menu/sold-out.js';
import { PauseButton, PauseNotice } from '../shared/ordering-pause.js';
import { CategoryEditor } from './category-editor.js';
import { GroupEditor } from './group-editor.js';
import { ItemEditor } from './item-editor.js';
import { MenuFile } from './menu-import.js';
import { categoryKeys } from './menu-request.js';
import { OrderingSettings } from './ordering-settings.js';

export function MenuList({ id, formats }) {
  const { data } = useChannel(useOpenChannel('menu', id));
  const [editor, setEditor] = useState(null); // such as `{ item }` or `{ groups: true }`
  const close = () => setEditor(null);
  const keys = data ? categoryKeys(data) : [];
  const setAvailable = (item, available) =>
    withErrorNotice(qr.http.patch(`/restaurants/${id}/menu/items/${item.id}`, { available }, { key: newRequestId() }));
  return html`
    <section class="menu" aria-labelledby="menu">
      <h2 id="menu">${t('manager.menu')}</h2>
      <div class="tools">
        <button class="button" disabled=${!data || token() === null} onClick=${() => setEditor({ groups: true })}>${t('manager.option_groups')}</button>
        <button class="button" disabled=${!data || token() === null} onClick=${() => setEditor({ soldOut: true })}>${t('shared.sold_out.title')}</button>
        <button class="button" disabled=${!data || token() === null} onClick=${() => setEditor({ ordering: true })}>${t('manager.ordering.open')}</button>
        <button class="button" disabled=${!data || token() === null} onClick=${() => setEditor({ file: true })}>${t('manager.menu_file.title')}</button>
        <${PauseButton} id=${id} menu=${data} />
      </div>
      <${PauseNotice} id=${id} menu=${data} />
      <div class="cards">${data?.categories.map((category, index) => html`
        <section key=${keys[index]} class="card">
          <div class="category-head"><h3>${category.name}</h3>
            <button class="button quiet" disabled=${token() === null} aria-label="${t('manager.edit')}: ${category.name}"
              onClick=${() => setEditor({ category: keys[index] })}>${t('manager.edit')}</button></div>
          <ul>
            ${category.items.map((item) => html`
              <li key=${item.id} class="row" data-available=${String(item.available)}>
                <span class="dish" id="dish-${item.id}">${item.name}</span>
                <span class="amount muted">${formats.money(item.price)}</span>
                <button class="button quiet" disabled=${token() === null} aria-label="${t('manager.edit')}: ${item.name}"
                  onClick=${() => setEditor({ item })}>${t('manager.edit')}</button>
                <button class="switch" role="switch" disabled=${token() === null} aria-checked=${item.available} aria-labelledby="dish-${item.id}"
                  onClick=${() => setAvailable(item, !item.available)}>
                  <span>${t(item.available ? 'manager.available' : 'manager.gone')}</span>
                </button>
              </li>`)}
          </ul>
          <button class="button" disabled=${token() === null} aria-label="${t('manager.new_item')}: ${category.name}"
            onClick=${() => setEditor({ newItemIn: keys[index] })}>${t('manager.new_item')}</button>
        </section>`)}</div>
      <button class="button" disabled=${!data || token() === null} onClick=${() => setEditor({ category: null })}>${t('manager.new_category')}</button>
      ${editor?.item && html`<${ItemEditor} id=${id} menu=${data} item=${editor.item} onClose=${close} />`}
      ${editor?.newItemIn !== undefined && html`<${ItemEditor} id=${id} menu=${data} category=${editor.newItemIn} onClose=${close} />`}
      ${editor?.category !== undefined && html`<${CategoryEditor} id=${id} menu=${data} categoryKey=${editor.category} onClose=${close} />`}
      ${editor?.soldOut && html`<${SoldOut} id=${id} menu=${data} onClose=${close} />`}
      ${editor?.ordering && html`<${OrderingSettings} id=${id} menu=${data} onClose=${close} />`}
      ${editor?.file && html`<${MenuFile} id=${id} onClose=${close} />`}
      ${editor?.groups && html`<${GroupEditor} id=${id} menu=${data} onClose=${close} />`}
    </section>
  `;
}
