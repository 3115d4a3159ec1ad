/** The menu: categories of dishes, each with a tile, a price and a stepper. */

import {
  html, scrollToElement, t, useEffect, useForceUpdate, useFormats, useState, useStickyBar,
} from '../shared/app.js';
import { filterCategories } from './allergen-filter.js';
import { Diets, DishSheet } from '../shared/menu/dish-sheet.js';
import { MenuTools, useAvoidedAllergens } from './menu-tools.js';
import { itemsOf, lineKey, mostOf, needsChoice } from '../shared/menu/pricing.js';
import { Photo } from '../shared/menu/photo.js';
import { Stepper } from '../shared/menu/stepper.js';
import { PortionsLeft, Unavailable } from '../shared/menu/unavailable.js';
import { PauseNotice } from '../shared/ordering-pause.js';

export function Menu({ menu, visit, onLanguage }) {
  const { money } = useFormats(menu);
  const [avoided, setAvoided] = useAvoidedAllergens();
  const [openItemId, setOpenItemId] = useState(null);
  useVisit(visit);
  const { categories, hidden } = filterCategories(menu.categories, avoided);
  const item = itemsOf(menu).get(openItemId);
  const close = () => setOpenItemId(null);
  return html`
    <h2 id="menu-title" class="visually-hidden">${t('guest.menu.tab')}</h2>
    <${PauseNotice} menu=${menu} />
    <${Categories} categories=${categories} />
    <${MenuTools} menu=${menu} onLanguage=${onLanguage} avoided=${avoided} onAvoid=${setAvoided} hidden=${hidden} />
    ${categories.map(({ name, lang, items }, index) => html`
      <section key=${name} class="category" id=${`category-${index}`} aria-labelledby=${`title-${index}`}>
        <h3 id=${`title-${index}`} tabindex="-1" lang=${lang}>${name}</h3>
        <ul class="dishes">
          ${items.map((each) => html`
            <${Dish} key=${each.id} item=${each} price=${money(each.price)} visit=${visit} onOpen=${() => setOpenItemId(each.id)} />
          `)}
        </ul>
      </section>
    `)}
    ${item && html`
      <${DishSheet} key=${item.id} item=${item} taken=${visit.quantityOf(item.id)} money=${money} onClose=${close}
        onDone=${(line, quantity) => {
          visit.add(line, quantity);
          close();
        }} />
    `}
  `;
}

/** Render again after each change of the visit. */
export function useVisit(visit) {
  const forceUpdate = useForceUpdate();
  useEffect(() => visit.changed.on(forceUpdate), [visit]);
}

function Categories({ categories }) {
  const bar = useStickyBar('chips');
  const scrollTo = (index) => {
    scrollToElement(document.getElementById(`category-${index}`));
    document.getElementById(`title-${index}`).focus({ preventScroll: true });
  };
  return html`
    <nav class="categories" ref=${bar} aria-label=${t('guest.menu.categories')}>
      ${categories.map(({ name, lang }, index) => html`
        <button key=${name} class="button" lang=${lang} onClick=${() => scrollTo(index)}>${name}</button>
      `)}
    </nav>
  `;
}

/** "+" adds the dish without options; if options are required, it opens the dialog instead. */
function Dish({ item, price, visit, onOpen }) {
  const { id, name, lang, description, available } = item;
  const count = visit.quantityOf(id);
  const plainLine = { menu_item_id: id, price: item.price };
  const hasPlainLine = visit.basket.some((line) => lineKey(line) === lineKey(plainLine));
  const change = (difference) => (difference > 0 && needsChoice(item) ? onOpen() : visit.add(plainLine, difference));
  return html`
    <li class="dish" data-available=${String(available)}>
      <${Photo} id=${item.photo_id} sizes="64px" fallback=${html`<${Tile} item=${item} />`} />
      <div class="details">
        <p class="name"><button class="open" aria-haspopup="dialog" lang=${lang} onClick=${onOpen}>${name}</button></p>
        ${description && html`<p class="muted small" lang=${lang}>${description}</p>`}
        <${Diets} diets=${item.diets} />
        <p class="amount price">${price}
          ${available ? html` <${PortionsLeft} item=${item} />` : html` <${Unavailable} item=${item} />`}
        </p>
      </div>
      ${available || count > 0
        ? html`<${Stepper} name=${name} count=${count} canDecrease=${hasPlainLine} isMax=${!available || count >= mostOf(item)} onChange=${change} />`
        : null}
    </li>
  `;
}

/** A coloured initial in place of a photo; the colour depends only on the dish's id. */
function Tile({ item }) {
  const hue = (item.id * 67) % 360;
  return html`
    <span class="tile" style=${{ '--hue': String(hue) }} aria-hidden="true">${[...item.name][0]}</span>
  `;
}
