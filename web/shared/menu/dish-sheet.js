/** The dialog of a dish: its description, allergens and options. */

import { html, list, Sheet, t, useState } from '../app.js';
import { allergenName } from '../allergens.js';
import { allergensOf } from './line-allergens.js';
import { Photo } from './photo.js';
import { OptionGroup } from './option-group.js';
import { Stepper } from './stepper.js';
import { PortionsLeft, Unavailable } from './unavailable.js';
import { times } from './money.js';
import { isGroupValid, isValid, mostOf, optionsOf, unitPrice } from './pricing.js';

/**
 * `line` is the basket's line to edit; without it, the dish is added. `taken` is the quantity of the dish in other
 * lines. `onDone` gets the new line and its quantity.
 * @param {{item: any, line?: any, taken?: number, money: (amount: string, isSurcharge?: boolean) => string, onDone: (line: any, quantity: number) => void, onClose: () => void, addLabel?: string}} props
 */
export function DishSheet({ item, line, taken = 0, money, onDone, onClose, addLabel = t('shared.dish.add') }) {
  const [selected, setSelected] = useState(line?.options ?? []);
  const [quantity, setQuantity] = useState(line?.quantity ?? 1);
  const [showsErrors, setShowsErrors] = useState(false);
  const most = mostOf(item) - taken;
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
      <${Photo} id=${item.photo_id} sizes="min(100vw, 40rem)" />
      ${item.description && html`<p class="description" lang=${item.lang}>${item.description}</p>`}
      <${Diets} diets=${item.diets} />
      <${AllergenInfo} allergens=${allergensOf(item, chosen.map(({ option_id }) => options.get(option_id)))} />
      ${item.groups.map((group) => html`
        <${OptionGroup} key=${group.id} group=${group} chosen=${chosen} onChange=${setSelected} money=${money}
          isDeclared=${Array.isArray(item.allergens)} isInvalid=${showsErrors && !isGroupValid(group, chosen)} />
      `)}
      <${PortionsLeft} item=${item} />
      ${item.available
        ? html`
          <div class="row">
            <span>${t('shared.dish.quantity')}</span>
            <${Stepper} name=${item.name} count=${quantity} canDecrease=${quantity > 1} isMax=${quantity >= most}
              countLabel=${t('shared.dish.count', { count: quantity })} onChange=${(difference) => setQuantity(quantity + difference)} />
          </div>
          <button class="button main" disabled=${quantity > most} onClick=${submit}>
            <span>${line ? t('shared.dish.save') : addLabel}</span>
            <span class="amount">${money(times(price, quantity))}</span>
          </button>`
        : html`<p><${Unavailable} item=${item} /></p>`}
    <//>
  `;
}

/** The diets that a dish is suitable for. */
export function Diets({ diets = [] }) {
  if (diets.length === 0) return null;
  return html`
    <p class="diets">${diets.map((diet) => html`<span key=${diet} class="pill" data-tone="good">${t(`shared.diets.${diet}`)}</span>`)}</p>
  `;
}

/** The allergens of the dish with its options. "Not declared" must never read as "none". */
function AllergenInfo({ allergens }) {
  if (allergens === null) return html`<p class="contents" role="status"><strong>${t('shared.allergen_info.undeclared')}</strong></p>`;
  const names = list(allergens.map(allergenName));
  return html`
    <p class="contents" role="status">${names ? t('shared.allergen_info.contains', { names }) : t('shared.allergen_info.none')}</p>
  `;
}
