/** The tables of a restaurant in its setup: each with a form for its zone, seats, waiter and whether it is in use. */

import { html, notify, qr, t, useState } from '../shared/app.js';
import { tableName } from '../shared/table-name.js';
import { FormError, Input, Switch } from './form.js';
import { tablesByZone } from './states.js';
import { useSubmit } from './use-submit.js';

const NEW_TABLE = { table_id: null, table_number: '', zone: '', seats: 4, waiter_id: null, is_active: true };

export function TablesSetup({ restaurant, onChanged }) {
  const [openId, setOpenId] = useState(null); // a table's, or 'new'
  const tables = tablesByZone(restaurant.tables.list).flatMap(([, list]) => list);
  const close = () => setOpenId(null);
  const form = (table) => html`
    <${TableForm} key=${table.table_id} table=${table} restaurant=${restaurant} onChanged=${onChanged} onClose=${close} />`;
  return html`
    <section aria-labelledby="setup-tables">
      <h3 id="setup-tables">${t('manager.setup.tables')}</h3>
      <ul class="setup-rows">
        ${tables.map((table) => html`
          <li key=${table.table_id} class="card">
            <${TableRow} table=${table} restaurant=${restaurant} isOpen=${openId === table.table_id}
              onToggle=${() => setOpenId(openId === table.table_id ? null : table.table_id)} />
            ${openId === table.table_id && form(table)}
          </li>`)}
      </ul>
      ${openId === 'new'
        ? html`<div class="card">${form({ ...NEW_TABLE, zone: tables.at(-1)?.zone ?? '' })}</div>`
        : html`<button class="button" onClick=${() => setOpenId('new')}>${t('manager.setup.add_table')}</button>`}
    </section>
  `;
}

function TableRow({ table, restaurant, isOpen, onToggle }) {
  const name = tableName(table, restaurant.tables.list);
  const waiter = restaurant.waiters.find(({ waiter_id }) => waiter_id === table.waiter_id)?.name;
  const facts = [t('manager.zone', { zone: table.zone }), t('manager.seats', { count: table.seats }), waiter];
  return html`
    <div class="row">
      <span class="details">
        <strong>${t('manager.table', { number: name })}</strong>
        <span class="muted small">${facts.filter(Boolean).join(' · ')}</span>
      </span>
      ${!table.is_active && html`<span class="pill">${t('manager.states.off')}</span>`}
      <button class="button quiet" aria-expanded=${isOpen} aria-label="${t('manager.edit')}: ${t('manager.table', { number: name })}"
        onClick=${onToggle}>${t('manager.edit')}</button>
    </div>
  `;
}

/** A table's waiter can be replaced, but not removed. */
function TableForm({ table, restaurant: { id, waiters }, onChanged, onClose }) {
  const { table_id, table_number } = table;
  const isNew = table_id === null;
  const [form, setForm] = useState({
    number: table_number, zone: table.zone, seats: String(table.seats), waiter_id: table.waiter_id, is_active: table.is_active,
  });
  const { busy, error, submit } = useSubmit();
  const change = (field) => (value) => setForm((before) => ({ ...before, [field]: value }));
  const save = async (event) => {
    event.preventDefault();
    const number = form.number.trim();
    const body = { zone: form.zone.trim(), seats: Number(form.seats), ...(form.waiter_id !== null && { waiter_id: form.waiter_id }) };
    const request = isNew
      ? qr.http.post(`/restaurants/${id}/tables`, { number, ...body })
      : qr.http.patch(`/tables/${table_id}`, { is_active: form.is_active, ...body });
    if (!await submit(request)) return;
    notify(t('manager.setup.table_saved', { number }));
    onChanged();
    onClose();
  };
  return html`
    <form class="setup-form" onSubmit=${save}>
      <div class="fields">
        ${isNew && html`
          <${Input} label=${t('manager.setup.number')} name="number" value=${form.number} error=${error} required maxlength="40"
            onChange=${change('number')} />`}
        <${Input} label=${t('manager.setup.zone')} name="zone" value=${form.zone} error=${error} required maxlength="40" onChange=${change('zone')} />
        <${Input} label=${t('manager.setup.seats')} name="seats" value=${form.seats} error=${error} type="number" min="1" max="999" required
          onChange=${change('seats')} />
        <label class="field">${t('manager.setup.waiter')}
          <select value=${form.waiter_id ?? ''} onChange=${({ target }) => change('waiter_id')(Number(target.value) || null)}>
            ${table.waiter_id === null && html`<option value="">${t('manager.setup.no_waiter')}</option>`}
            ${waiters.map(({ waiter_id, name }) => html`<option key=${waiter_id} value=${waiter_id}>${name}</option>`)}
          </select>
        </label>
      </div>
      ${!isNew && html`
        <${Switch} text=${t('manager.setup.active')} isOn=${form.is_active} onChange=${change('is_active')} />`}
      <${FormError} fields=${['number', 'zone', 'seats']} error=${error} />
      <div class="row">
        <button class="button main" disabled=${busy}>${t('manager.save')}</button>
        <button type="button" class="button quiet" onClick=${onClose}>${t('manager.setup.cancel')}</button>
      </div>
    </form>
  `;
}
