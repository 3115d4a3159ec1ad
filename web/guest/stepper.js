/** Fewer, how many, more. */

import { html, t } from '../shared/app.js';

/** `less` and `full` are whether there can be fewer and cannot be more; `said` is what screen readers say of the count. */
export function Stepper({ name, count, change, less = count > 0, full = false, said = t('guest.menu.in_basket', { count }) }) {
  return html`
    <div class="stepper" role="group" aria-label=${name}>
      ${less && html`
        <button class="button icon" data-repeat aria-label=${t('guest.menu.fewer', { name })} onClick=${() => change(-1)}>−</button>
      `}
      ${count > 0 && html`
        <span class="count"><span aria-hidden="true">${count}</span><span class="visually-hidden">${said}</span></span>
      `}
      ${!full && html`
        <button class="button icon plus" data-repeat aria-label=${t('guest.menu.add', { name })} onClick=${() => change(1)}>+</button>
      `}
    </div>
  `;
}
