/** The floor plan: zones with their tables and chairs. */

import { html, t } from '../shared/app.js';
import { stateOf, tablesByZone } from './states.js';

const MAX_CHAIRS = 12;

export function Floor({ restaurant, notifications, formats, now, onOpen }) {
  const calling = new Set(
    notifications.filter(({ kind, acknowledged_at }) => kind === 'call' && !acknowledged_at).map(({ table_id }) => table_id),
  );
  const names = new Map(restaurant.waiters.map(({ waiter_id, name }) => [waiter_id, name]));
  return html`
    <section class="floor" aria-label=${t('manager.floor')}>
      ${tablesByZone(restaurant.tables.list).map(([zone, tables]) => html`
        <section key=${zone} class="zone" aria-label=${t('manager.zone', { zone })}>
          <h2>${t('manager.zone', { zone })}</h2>
          <ul>
            ${tables.map((table) => html`
              <${Table} key=${table.table_id} table=${table} orders=${restaurant.open_orders} now=${now}
                isCalling=${calling.has(table.table_id)} formats=${formats}
                waiter=${names.get((table.session ?? table).waiter_id)}
                onOpen=${() => onOpen(table.table_id)} />`)}
          </ul>
        </section>`)}
    </section>
  `;
}

function Table({ table, orders, isCalling, formats, now, waiter, onOpen }) {
  const { state, since } = stateOf(table, orders, now);
  const guests = table.session?.guests_count ?? 0;
  return html`
    <li>
      <button class="floor-table" data-state=${state} data-calling=${String(isCalling)} onClick=${onOpen}>
        <${Chairs} seats=${table.seats} guests=${guests} />
        <span class="table-head">
          <span class="visually-hidden">${t('manager.table', { number: '' })}</span>
          <span class="number">${table.table_number}</span>
          ${isCalling && html`<span class="pill" data-tone="warn">${t('manager.calling')}</span>`}
        </span>
        <span class="state">${t(`manager.states.${state}`)}${since && html` · <span class="amount">${formats.minutes(since, now)}</span>`}</span>
        <span class="muted small">
          ${table.session ? t('manager.guests', { count: guests }) : t('manager.seats', { count: table.seats })}
          ${waiter ? ` · ${waiter}` : ''}
        </span>
      </button>
    </li>
  `;
}

/** A chair for each seat; those of guests are filled. */
function Chairs({ seats, guests }) {
  const count = Math.min(Math.max(seats, guests), MAX_CHAIRS);
  return html`
    <span class="chairs" aria-hidden="true">
      ${Array.from({ length: count }, (_, index) => html`
        <span key=${index} data-taken=${String(index < guests)}></span>`)}
    </span>
  `;
}
