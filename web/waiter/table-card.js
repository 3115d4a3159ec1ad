/** A table in the list: its state, its guests and since when, and the open amount. */

import { html, t } from '../shared/app.js';
import { stateOf } from './tables.js';

const TONES = { ready: 'good', waiting: 'warn', paying: 'warn' };

export function TableCard({ table, name, session, formats, now, onOpen }) {
  const state = stateOf(table, session);
  const { guests_count, started_at } = table.session ?? {};
  return html`
    <li>
      <button class="card table" data-state=${state} onClick=${onOpen}>
        <span class="visually-hidden">${t('waiter.table', { number: name })}</span>
        <span class="number" aria-hidden="true">${name}</span>
        <span class="details">
          <span class="pill" data-tone=${TONES[state]}>${t(`waiter.states.${state}`)}</span>
          <span class="muted small">
            ${table.session
              ? `${t('waiter.guests', { count: guests_count })} · ${formats.minutes(started_at, now)}`
              : `${t('waiter.seats', { count: table.seats })} · ${table.zone}`}
          </span>
        </span>
        ${session && Number(session.balance) > 0 && html`
          <strong class="amount">${formats.money(session.balance)}</strong>`}
      </button>
    </li>
  `;
}
