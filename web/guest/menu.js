/** The menu: categories of dishes, each with a tile, a price, and how many of it one wants. */

import { html, scrollToElement, t, useBar, useEffect, useFormats, useRedraw, useState } from '../shared/app.js';
import { filtered } from './declared.js';
import { Diets, DishSheet } from './dish.js';
import { MenuTools, useAvoided } from './menu-tools.js';
import { itemsOf, lineKey, needsChoice } from './pricing.js';
import { Stepper } from './stepper.js';

export function Menu({ menu, visit, speak }) {
  const { money } = useFormats(menu);
  const [avoided, avoid] = useAvoided();
  const [opened, open] = useState(null);
  useVisit(visit);
  const { categories, hidden } = filtered(menu.categories, avoided);
  const item = itemsOf(menu).get(opened);
  const close = () => open(null);
  return html`
    <h2 id="menu-title" class="visually-hidden">${t('guest.menu.tab')}</h2>
    <${Categories} categories=${categories} />
    <${MenuTools} menu=${menu} speak=${speak} avoided=${avoided} avoid=${avoid} hidden=${hidden} />
    ${categories.map(({ name, lang, items }, index) => html`
      <section key=${name} class="category" id=${`category-${index}`} aria-labelledby=${`title-${index}`}>
        <h3 id=${`title-${index}`} tabindex="-1" lang=${lang}>${name}</h3>
        <ul class="dishes">
          ${items.map((each) => html`
            <${Dish} key=${each.id} item=${each} price=${money(each.price)} visit=${visit} open=${() => open(each.id)} />
          `)}
        </ul>
      </section>
    `)}
    ${item && html`
      <${DishSheet} key=${item.id} item=${item} money=${money} onClose=${close}
        onDone=${(line, quantity) => {
          visit.add(line, quantity);
          close();
        }} />
    `}
  `;
}

/** Draw again with each change of what this phone keeps. */
export function useVisit(visit) {
  const redraw = useRedraw();
  useEffect(() => visit.changed.on(redraw), [visit]);
}

function Categories({ categories }) {
  const bar = useBar('chips');
  const go = (index) => {
    scrollToElement(document.getElementById(`category-${index}`));
    document.getElementById(`title-${index}`).focus({ preventScroll: true });
  };
  return html`
    <nav class="categories" ref=${bar} aria-label=${t('guest.menu.categories')}>
      ${categories.map(({ name, lang }, index) => html`
        <button key=${name} class="button" lang=${lang} onClick=${() => go(index)}>${name}</button>
      `)}
    </nav>
  `;
}

/** "+" adds a dish as it is; one with required options opens its sheet instead. */
function Dish({ item, price, visit, open }) {
  const { id, name, lang, description, available } = item;
  const count = visit.quantityOf(id);
  const plain = { menu_item_id: id, price: item.price };
  const isPlainThere = visit.basket.some((line) => lineKey(line) === lineKey(plain));
  const change = (by) => (by > 0 && needsChoice(item) ? open() : visit.add(plain, by));
  return html`
    <li class="dish" data-available=${String(available)}>
      <${Tile} item=${item} />
      <div class="what">
        <p class="name"><button class="open" aria-haspopup="dialog" lang=${lang} onClick=${open}>${name}</button></p>
        ${description && html`<p class="muted small" lang=${lang}>${description}</p>`}
        <${Diets} diets=${item.diets} />
        <p class="amount price">${price}
          ${!available && html` <span class="pill" data-tone="bad">${t('guest.menu.sold_out')}</span>`}
        </p>
      </div>
      ${available || count > 0
        ? html`<${Stepper} name=${name} count=${count} less=${isPlainThere} full=${!available} change=${change} />`
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
