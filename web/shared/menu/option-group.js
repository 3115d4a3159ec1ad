/** The inputs of one option group of a dish, with its rule as a sentence. */

import { html, list, t } from '../app.js';
import { allergenName } from '../allergens.js';
import { Stepper } from './stepper.js';
import { chosenAfter, countIn, inputOf, timesChosen } from './pricing.js';

/**
 * `isDeclared` is whether the dish's allergens are declared. If not, the dialog says so once, for all options.
 * `onChange` gets all chosen options of the dish.
 */
export function OptionGroup({ group, chosen, onChange, money, isDeclared, isInvalid }) {
  const { id, name, lang, min, max, options } = group;
  const input = inputOf(group);
  const isFull = countIn(group, chosen) >= max;
  const choose = (option_id, quantity) => onChange(chosenAfter(chosen, group, option_id, quantity));
  return html`
    <fieldset class="group" id=${`group-${id}`} aria-describedby=${`rule-${id}`}>
      <legend lang=${lang}>${name}</legend>
      <p id=${`rule-${id}`} class="small rule" data-tone=${isInvalid ? 'bad' : undefined}>${rule(min, max)}</p>
      ${input === 'radio' && min === 0 && html`
        <label class="choice">
          <input type="radio" name=${`group-${id}`} checked=${countIn(group, chosen) === 0} onChange=${() => choose(null, 0)} />
          <span class="details">${t('shared.options.nothing')}</span>
        </label>
      `}
      ${options.map((option) => {
        const quantity = timesChosen(chosen, option.id);
        const text = html`<${OptionText} option=${option} money=${money} isDeclared=${isDeclared} />`;
        if (input === 'stepper') {
          return html`
            <div key=${option.id} class="choice">
              ${text}
              <${Stepper} name=${option.name} count=${quantity} isMax=${!option.available || isFull || quantity >= option.max_each}
                countLabel=${t('shared.dish.count', { count: quantity })}
                onChange=${(difference) => choose(option.id, quantity + difference)} />
            </div>`;
        }
        const isDisabled = quantity === 0 && (!option.available || (input === 'checkbox' && isFull));
        return html`
          <label key=${option.id} class="choice" data-available=${String(option.available)}>
            <input type=${input} name=${`group-${id}`} checked=${quantity > 0} disabled=${isDisabled}
              onChange=${({ target }) => choose(option.id, target.checked ? 1 : 0)} />
            ${text}
          </label>`;
      })}
    </fieldset>
  `;
}

function OptionText({ option: { name, lang, price, available, allergens }, money, isDeclared }) {
  return html`
    <span class="details">
      <span lang=${lang}>${name}</span>
      ${!available && html`<span class="pill" data-tone="bad">${t('shared.menu.sold_out')}</span>`}
      ${isDeclared && !allergens && html`<span class="muted small">${t('shared.allergen_info.undeclared')}</span>`}
      ${isDeclared && allergens?.length > 0 && html`
        <span class="muted small">${t('shared.allergen_info.contains', { names: list(allergens.map(allergenName)) })}</span>`}
    </span>
    ${Number(price) !== 0 && html`<span class="amount">${money(price, true)}</span>`}
  `;
}

/** How many options of a group must be chosen, as a sentence. */
function rule(min, max) {
  if (min === max) return t('shared.options.exactly', { count: min });
  if (min === 0) return t('shared.options.at_most', { count: max });
  return t('shared.options.between', { min, max });
}
