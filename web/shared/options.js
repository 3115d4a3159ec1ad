/** The options that were chosen for one line of an order. */

import { html } from '../vendor/preact-htm.js';

/** `Rare`, or `2 × Bacon`. */
export const optionText = ({ name, quantity }) => (quantity > 1 ? `${quantity} × ${name}` : name);

/** Phrasing content only: the kitchen's lines are buttons. */
export function Options({ options }) {
  return options?.map((option) => html`<span key=${option.option_id} class="option">${optionText(option)}</span>`);
}
