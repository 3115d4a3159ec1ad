/** The restaurant's key figures of today. */

import { html, t } from '../shared/app.js';
import { totalBalance } from '../shared/orders.js';
import { tableName } from '../shared/table-name.js';
import { dateInZone } from '../shared/time-zone.js';
import { isLate, ordersInProgress } from './states.js';

export function Figures({ restaurant, formats, now }) {
  const { figures, tables, open_orders } = restaurant;
  const today = dateInZone(restaurant.timezone, now);
  const isToday = today === null || figures.day === today;
  const inProgress = ordersInProgress(open_orders);
  const [oldest] = inProgress;
  const guests = tables.list.reduce((sum, { session }) => sum + (session?.guests_count ?? 0), 0);
  const meanSeconds = figures.mean_acknowledged_s;
  return html`
    <dl class="figures" aria-label=${t('manager.figures')}>
      <${Figure} name="taken" value=${formats.money(isToday ? figures.day_paid_amount : '0')} />
      <${Figure} name="open" value=${inProgress.length} detail=${t('manager.to_pay', { amount: formats.money(totalBalance(open_orders)) })} />
      <${Figure} name="longest" value=${oldest ? formats.minutes(oldest.created_at, now) : '–'}
        tone=${oldest && isLate(oldest, now) ? 'bad' : null}
        detail=${oldest ? t('manager.table', { number: tableName(oldest, tables.list) }) : t('manager.nobody')} />
      <${Figure} name="tables" value=${`${tables.occupied} / ${tables.active}`}
        detail=${t('manager.guests', { count: guests })} />
      <${Figure} name="calls" value=${meanSeconds === null ? '–' : duration(meanSeconds)}
        detail=${meanSeconds === null ? t('manager.no_calls') : t('manager.calls', { count: figures.calls_acknowledged })} />
    </dl>
  `;
}

function Figure({ name, value, detail, tone }) {
  return html`
    <div class="card figure" data-tone=${tone}>
      <dt>${t(`manager.figure.${name}`)}</dt>
      <dd class="value">${value}</dd>
      ${detail && html`<dd class="muted small">${detail}</dd>`}
    </div>
  `;
}

function duration(seconds) {
  if (seconds < 90) return t('manager.seconds', { count: Math.round(seconds) });
  return t('shared.minutes', { count: Math.round(seconds / 60) });
}
