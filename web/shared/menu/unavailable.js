/** Why a dish cannot be ordered, sold out or not served at this time, and how many portions are left. */

import { html, t } from '../app.js';
import { isScarce } from './pricing.js';

export function Unavailable({ item: { servedAt } }) {
  if (servedAt) return html`<span class="pill" data-tone="warn">${t('shared.menu.served', { hours: servedAt })}</span>`;
  return html`<span class="pill" data-tone="bad">${t('shared.menu.sold_out')}</span>`;
}

export function PortionsLeft({ item }) {
  return isScarce(item) && html`<span class="pill" data-tone="warn">${t('shared.menu.left', { count: item.portions })}</span>`;
}
