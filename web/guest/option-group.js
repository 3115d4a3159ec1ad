/** One option group of a dish, with its rule in words. */

import { html, t } from '../shared/app.js';
import { allergenName } from '../shared/allergens.js';
import { Stepper } from './stepper.js';
import { chosenAfter, countIn, inputOf, timesChosen } from './pricing.js';

/** `isDeclared`: whether the allergens of the dish are. If not, its sheet says so once, for all of its options. */
export function OptionGroup({ group, chosen, pick, money, isDeclared, isWrong }) {
  const { id, name, lang, min, max, options } = group;
  const input = inputOf(group);
  const isFull = countIn(group, chosen) >= max;
  const choose = (option_id, quantity) => pick(chosenAfter(chosen, group, option_id, quantity));
  return html`
    <fieldset class="group" id=${`group-${id}`} aria-describedby=${`rule-${id}`}>
      <legend lang=${lang}>${name}</legend>
      <p id=${`rule-${id}`} class="small rule" data-tone=${isWrong ? 'bad' : undefined}>${rule(min, max)}</p>
      ${input === 'radio' && min === 0 && html`
        <label class="choice">
          <input type="radio" name=${`group-${id}`} checked=${countIn(group, chosen) === 0} onChange=${() => choose(null, 0)} />
          <span class="what">${t('guest.options.nothing')}</span>
        </label>
      `}
      ${options.map((option) => {
        const quantity = timesChosen(chosen, option.id);
        const text = html`<${OptionText} option=${option} money=${money} isDeclared=${isDeclared} />`;
        if (input === 'stepper') {
          return html`
            <div key=${option.id} class="choice">
              ${text}
              <${Stepper} name=${option.name} count=${quantity} full=${!option.available || isFull || quantity >= option.max_each}
                said=${t('guest.dish.count', { count: quantity })} change=${(by) => choose(option.id, quantity + by)} />
            </div>`;
        }
        const isBarred = quantity === 0 && (!option.available || (input === 'checkbox' && isFull));
        return html`
          <label key=${option.id} class="choice" data-available=${String(option.available)}>
            <input type=${input} name=${`group-${id}`} checked=${quantity > 0} disabled=${isBarred}
              onChange=${({ target }) => choose(option.id, target.checked ? 1 : 0)} />
            ${text}
          </label>`;
      })}
    </fieldset>
  `;
}

function OptionText({ option: { name, lang, price, available, allergens }, money, isDeclared }) {
  return html`
    <span class="what">
      <span lang=${lang}>${name}</span>
      ${!available && html`<span class="pill" data-tone="bad">${t('guest.menu.sold_out')}</span>`}
      ${isDeclared && !allergens && html`<span class="muted small">${t('guest.allergens.undeclared')}</span>`}
      ${isDeclared && allergens?.length > 0 && html`
        <span class="muted small">${t('guest.allergens.contains', { names: allergens.map(allergenName).join(', ') })}</span>`}
    </span>
    ${Number(price) !== 0 && html`<span class="amount">${Number(price) > 0 ? '+' : ''}${money(price)}</span>`}
  `;
}

/** How many of a group are to be chosen. */
function rule(min, max) {
  if (min === max) return t('guest.options.exactly', { count: min });
  if (min === 0) return t('guest.options.at_most', { count: max });
  return t('guest.options.between', { min, max });
}
