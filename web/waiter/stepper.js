/** A number between two buttons. */

import { html } from '../shared/app.js';

export function Stepper({ text, fewer, more, count, most = Infinity, onChange }) {
  return html`
    <div class="row" role="group" aria-label=${text}>
      <span>${text}</span>
      <span class="stepper">
        <button type="button" class="button icon" data-repeat aria-label=${fewer} disabled=${count <= 1}
          onClick=${() => onChange(count - 1)}>−</button>
        <output class="count" aria-live="polite">${count}</output>
        <button type="button" class="button icon" data-repeat aria-label=${more} disabled=${count >= most}
          onClick=${() => onChange(count + 1)}>+</button>
      </span>
    </div>
  `;
}
