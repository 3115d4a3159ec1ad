/** How the evening goes, in a few numbers. */

import { html, t } from '../shared/app.js';
import { balanceOf } from '../shared/orders.js';
import { tableName } from '../shared/table-name.js';
import { dayAt } from '../shared/zone.js';
import { isLate, undone } from './states.js';

export function Figures({ home, formats, now }) {
  const { figures, tables, open_orders } = home;
  const today = dayAt(home.timezone, now);
  const isToday = today === null || figures.day === today;
  const open = undone(open_orders);
  const oldest = open[0];
  const guests = tables.list.reduce((sum, { session }) => sum + (session?.guests_count ?? 0), 0);
  const heard = figures.mean_acknowledged_s;
  return html`
    <dl class="figures" aria-label=${t('manager.figures')}>
      <${Figure} name="taken" value=${formats.money(isToday ? figures.day_paid_amount : '0')} />
      <${Figure} name="open" value=${open.length} more=${t('manager.to_pay', { amount: formats.money(balanceOf(open_orders)) })} />
      <${Figure} name="longest" value=${oldest ? formats.minutes(oldest.created_at, now) : '–'}
        tone=${oldest && isLate(oldest, now) ? 'bad' : null}
        more=${oldest ? t('manager.table', { number: tableName(oldest, tables.list) }) : t('manager.nobody')} />
      <${Figure} name="tables" value=${`${tables.occupied} / ${tables.active}`}
        more=${t('manager.guests', { count: guests })} />
      <${Figure} name="calls" value=${heard === null ? '–' : duration(heard)}
        more=${heard === null ? t('manager.no_calls') : t('manager.calls', { count: figures.calls_acknowledged })} />
    </dl>
  `;
}

function Figure({ name, value, more, tone }) {
  return html`
    <div class="card figure" data-tone=${tone}>
      <dt>${t(`manager.figure.${name}`)}</dt>
      <dd class="value">${value}</dd>
      ${more && html`<dd class="muted small">${more}</dd>`}
    </div>
  `;
}

function duration(seconds) {
  if (seconds < 90) return t('manager.seconds', { count: Math.round(seconds) });
  return t('shared.minutes', { count: Math.round(seconds / 60) });
}
