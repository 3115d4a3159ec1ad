/** Why a dish cannot be ordered: sold out, or not served at this time. */

import { html, t } from '../app.js';

export function Unavailable({ item: { servedAt } }) {
  if (servedAt) return html`<span class="pill" data-tone="warn">${t('shared.menu.served', { hours: servedAt })}</span>`;
  return html`<span class="pill" data-tone="bad">${t('shared.menu.sold_out')}</span>`;
}
