/** What there is to eat tonight: each dish with a switch. */

import { html, qr, saying, t, token, useChannel, useOpen } from '../shared/app.js';

export function MenuList({ id, formats }) {
  const { data } = useChannel(useOpen('menu', id));
  const set = (item, available) =>
    saying(qr.http.patch(`/restaurants/${id}/menu/items/${item.id}`, { available }));
  return html`
    <section class="menu" aria-labelledby="menu">
      <h2 id="menu">${t('manager.menu')}</h2>
      <div class="cards">${data?.categories.map((category) => html`
        <section key=${category.name} class="card">
          <h3>${category.name}</h3>
          <ul>
            ${category.items.map((item) => html`
              <li key=${item.id} class="row" data-available=${String(item.available)}>
                <span class="dish" id="dish-${item.id}">${item.name}</span>
                <span class="amount muted">${formats.money(item.price)}</span>
                <button class="switch" role="switch" disabled=${token() === null} aria-checked=${item.available} aria-labelledby="dish-${item.id}"
                  onClick=${() => set(item, !item.available)}>
                  <span>${t(item.available ? 'manager.available' : 'manager.gone')}</span>
                </button>
              </li>`)}
          </ul>
        </section>`)}</div>
    </section>
  `;
}
