/** A count with buttons for fewer and more. */

import { html, number, t } from '../app.js';

/** `onChange` gets 1 or -1; `countLabel` is the count for screen readers. */
export function Stepper({
  name, count, onChange, canDecrease = count > 0, isMax = false, countLabel = t('shared.menu.in_basket', { count }),
}) {
  return html`
    <div class="stepper" role="group" aria-label=${name}>
      ${canDecrease && html`
        <button class="button icon" data-repeat aria-label=${t('shared.menu.fewer', { name })} onClick=${() => onChange(-1)}>−</button>
      `}
      ${count > 0 && html`
        <span class="count"><span aria-hidden="true">${number(count)}</span><span class="visually-hidden">${countLabel}</span></span>
      `}
      ${!isMax && html`
        <button class="button icon plus" data-repeat aria-label=${t('shared.menu.add', { name })} onClick=${() => onChange(1)}>+</button>
      `}
    </div>
  `;
}
