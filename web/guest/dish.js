/** The sheet of a dish: what it is, what it contains, and its options. */

import { html, Sheet, t, useState } from '../shared/app.js';
import { allergenName } from '../shared/allergens.js';
import { allergensOf } from './declared.js';
import { OptionGroup } from './option-group.js';
import { Stepper } from './stepper.js';
import { times } from './money.js';
import { isGroupValid, isValid, optionsOf, unitPrice } from './pricing.js';

const MOST = 99;

/**
 * `line` is the one of the basket that is changed, if any. `onDone` gets the line and its quantity.
 * @param {{item: any, line?: any, money: (amount: string) => string, onDone: (line: any, quantity: number) => void, onClose: () => void}} props
 */
export function DishSheet({ item, line, money, onDone, onClose }) {
  const [picked, pick] = useState(line?.options ?? []);
  const [quantity, count] = useState(line?.quantity ?? 1);
  const [isAsked, ask] = useState(false);
  const options = optionsOf(item);
  const chosen = picked.filter(({ option_id }) => options.has(option_id)); // the menu may have changed meanwhile
  const price = unitPrice(item, chosen);
  const done = () => {
    if (isValid(item, chosen)) {
      onDone({ menu_item_id: item.id, options: chosen, price }, quantity);
      return;
    }
    ask(true);
    const wrong = item.groups.find((group) => !isGroupValid(group, chosen));
    /** @type {HTMLElement | null} */
    const first = document.querySelector(`#group-${wrong.id} :is(input, button):enabled`);
    first?.focus();
  };
  return html`
    <${Sheet} title=${item.name} onClose=${onClose}>
      ${item.description && html`<p lang=${item.lang}>${item.description}</p>`}
      <${Diets} diets=${item.diets} />
      <${Contents} allergens=${allergensOf(item, chosen.map(({ option_id }) => options.get(option_id)))} />
      ${item.groups.map((group) => html`
        <${OptionGroup} key=${group.id} group=${group} chosen=${chosen} pick=${pick} money=${money}
          isDeclared=${Array.isArray(item.allergens)} isWrong=${isAsked && !isGroupValid(group, chosen)} />
      `)}
      ${item.available
        ? html`
          <div class="row">
            <span>${t('guest.dish.quantity')}</span>
            <${Stepper} name=${item.name} count=${quantity} less=${quantity > 1} full=${quantity >= MOST}
              said=${t('guest.dish.count', { count: quantity })} change=${(by) => count(quantity + by)} />
          </div>
          <button class="button main" onClick=${done}>
            <span>${t(line ? 'guest.dish.save' : 'guest.dish.add')}</span>
            <span class="amount">${money(times(price, quantity))}</span>
          </button>`
        : html`<p><span class="pill" data-tone="bad">${t('guest.menu.sold_out')}</span></p>`}
    <//>
  `;
}

/** The diets that a dish is suitable for. */
export function Diets({ diets = [] }) {
  if (diets.length === 0) return null;
  return html`
    <p class="diets">${diets.map((diet) => html`<span key=${diet} class="pill" data-tone="good">${t(`guest.diets.${diet}`)}</span>`)}</p>
  `;
}

/** All allergens; that they are not declared is no statement that there are none. */
function Contents({ allergens }) {
  if (allergens === null) return html`<p class="contents" role="status"><strong>${t('guest.allergens.undeclared')}</strong></p>`;
  const names = allergens.map(allergenName).join(', ');
  return html`
    <p class="contents" role="status">${names ? t('guest.allergens.contains', { names }) : t('guest.allergens.none')}</p>
  `;
}
