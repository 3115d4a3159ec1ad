/** The dialog of a dish: its description, allergens and options. */

import { html, Sheet, t, useState } from '../shared/app.js';
import { allergenName } from '../shared/allergens.js';
import { allergensOf } from './allergen-filter.js';
import { OptionGroup } from './option-group.js';
import { Stepper } from './stepper.js';
import { times } from './money.js';
import { isGroupValid, isValid, optionsOf, unitPrice } from './pricing.js';

const MAX_QUANTITY = 99;

/**
 * `line` is the basket's line to edit; without it, the dish is added. `onDone` gets the new line and its quantity.
 * @param {{item: any, line?: any, money: (amount: string) => string, onDone: (line: any, quantity: number) => void, onClose: () => void}} props
 */
export function DishSheet({ item, line, money, onDone, onClose }) {
  const [selected, setSelected] = useState(line?.options ?? []);
  const [quantity, setQuantity] = useState(line?.quantity ?? 1);
  const [showsErrors, setShowsErrors] = useState(false);
  const options = optionsOf(item);
  const chosen = selected.filter(({ option_id }) => options.has(option_id)); // the menu may have changed since
  const price = unitPrice(item, chosen);
  const submit = () => {
    if (isValid(item, chosen)) {
      onDone({ menu_item_id: item.id, options: chosen, price }, quantity);
      return;
    }
    setShowsErrors(true);
    const invalid = item.groups.find((group) => !isGroupValid(group, chosen));
    /** @type {HTMLElement | null} */
    const input = document.querySelector(`#group-${invalid.id} :is(input, button):enabled`);
    input?.focus();
  };
  return html`
    <${Sheet} title=${item.name} onClose=${onClose}>
      ${item.description && html`<p lang=${item.lang}>${item.description}</p>`}
      <${Diets} diets=${item.diets} />
      <${AllergenInfo} allergens=${allergensOf(item, chosen.map(({ option_id }) => options.get(option_id)))} />
      ${item.groups.map((group) => html`
        <${OptionGroup} key=${group.id} group=${group} chosen=${chosen} onChange=${setSelected} money=${money}
          isDeclared=${Array.isArray(item.allergens)} isInvalid=${showsErrors && !isGroupValid(group, chosen)} />
      `)}
      ${item.available
        ? html`
          <div class="row">
            <span>${t('guest.dish.quantity')}</span>
            <${Stepper} name=${item.name} count=${quantity} canDecrease=${quantity > 1} isMax=${quantity >= MAX_QUANTITY}
              countLabel=${t('guest.dish.count', { count: quantity })} onChange=${(difference) => setQuantity(quantity + difference)} />
          </div>
          <button class="button main" onClick=${submit}>
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

/** The allergens of the dish with its options. "Not declared" must never read as "none". */
function AllergenInfo({ allergens }) {
  if (allergens === null) return html`<p class="contents" role="status"><strong>${t('guest.allergens.undeclared')}</strong></p>`;
  const names = allergens.map(allergenName).join(', ');
  return html`
    <p class="contents" role="status">${names ? t('guest.allergens.contains', { names }) : t('guest.allergens.none')}</p>
  `;
}
