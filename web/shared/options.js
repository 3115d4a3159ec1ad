/** The chosen options of an order's item. */

import { html } from '../vendor/preact-htm.js';
import { number } from './i18n.js';

/** `Rare`, or `2 × Bacon`. */
export const optionText = ({ name, quantity }) => (quantity > 1 ? `${number(quantity)} × ${name}` : name);

/** Only phrasing content, because it is rendered inside the kitchen's buttons. */
export function Options({ options }) {
  return options?.map((option) => html`<span key=${option.option_id} class="option">${optionText(option)}</span>`);
}
