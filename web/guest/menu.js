/** The menu: categories of dishes, each with a tile, a price, and how many of it one wants. */

import { html, scrollToElement, t, useBar, useEffect, useFormats, useRedraw } from '../shared/app.js';

export function Menu({ menu, visit }) {
  const { money } = useFormats(menu);
  useVisit(visit);
  return html`
    <h2 id="menu-title" class="visually-hidden">${t('guest.menu.tab')}</h2>
    <${Categories} names=${menu.categories.map(({ name }) => name)} />
    ${menu.categories.map(({ name, items }, index) => html`
      <section key=${name} class="category" id=${`category-${index}`} aria-labelledby=${`title-${index}`}>
        <h3 id=${`title-${index}`} tabindex="-1">${name}</h3>
        <ul class="dishes">
          ${items.map((item) => html`
            <${Dish} key=${item.id} item=${item} price=${money(item.price)} visit=${visit} />
          `)}
        </ul>
      </section>
    `)}
  `;
}

/** Draw again with each change of what this phone keeps. */
export function useVisit(visit) {
  const redraw = useRedraw();
  useEffect(() => visit.changed.on(redraw), [visit]);
}

function Categories({ names }) {
  const bar = useBar('chips');
  const go = (index) => {
    scrollToElement(document.getElementById(`category-${index}`));
    document.getElementById(`title-${index}`).focus({ preventScroll: true });
  };
  return html`
    <nav class="categories" ref=${bar} aria-label=${t('guest.menu.categories')}>
      ${names.map((name, index) => html`
        <button key=${name} class="button" onClick=${() => go(index)}>${name}</button>
      `)}
    </nav>
  `;
}

function Dish({ item, price, visit }) {
  const count = visit.quantityOf(item.id);
  return html`
    <li class="dish" data-available=${String(item.available)}>
      <${Tile} item=${item} />
      <div class="what">
        <p class="name">${item.name}</p>
        ${item.description && html`<p class="muted small">${item.description}</p>`}
        <p class="amount price">${price}
          ${!item.available && html` <span class="pill" data-tone="bad">${t('guest.menu.sold_out')}</span>`}
        </p>
      </div>
      ${item.available || count > 0
        ? html`<${Stepper} name=${item.name} count=${count} full=${!item.available}
            change=${(by) => visit.add(item.id, by, item.price)} />`
        : null}
    </li>
  `;
}

/** A coloured letter, the same for the same dish everywhere, as long as there are no photos. */
function Tile({ item }) {
  const hue = (item.id * 67) % 360;
  return html`
    <span class="tile" style=${{ '--hue': String(hue) }} aria-hidden="true">${[...item.name][0]}</span>
  `;
}

/** Fewer, how many, more. */
export function Stepper({ name, count, full, change }) {
  return html`
    <div class="stepper" role="group" aria-label=${name}>
      ${count > 0 && html`
        <button class="button icon" data-repeat aria-label=${t('guest.menu.fewer', { name })} onClick=${() => change(-1)}>−</button>
        <span class="count"><span aria-hidden="true">${count}</span><span class="visually-hidden">${t('guest.menu.in_basket', { count })}</span></span>
      `}
      ${!full && html`
        <button class="button icon plus" data-repeat aria-label=${t('guest.menu.add', { name })} onClick=${() => change(1)}>+</button>
      `}
    </div>
  `;
}
