/** The dialog that sets a restaurant up: what guests may do, its tables and its waiters. */

import { html, notify, qr, Sheet, t, useState, withErrorNotice } from '../shared/app.js';
import { FormError, Input, Switch } from './form.js';
import { TablesSetup } from './tables-setup.js';
import { useSubmit } from './use-submit.js';

export function Setup({ restaurant, channel, onClose }) {
  const refresh = () => channel.refresh().catch(() => {}); // not every change has an event
  return html`
    <${Sheet} title=${t('manager.setup.open')} onClose=${onClose}>
      <${Policy} restaurant=${restaurant} onChanged=${refresh} />
      <${TablesSetup} restaurant=${restaurant} onChanged=${refresh} />
      <${Waiters} restaurant=${restaurant} onChanged=${refresh} />
    <//>
  `;
}

function Policy({ restaurant: { id, guest_opens_table }, onChanged }) {
  const change = async (isOn) => {
    await withErrorNotice(qr.http.patch(`/restaurants/${id}`, { guest_opens_table: isOn }));
    onChanged();
  };
  return html`
    <fieldset class="group">
      <legend>${t('manager.setup.guests')}</legend>
      <${Switch} text=${t('manager.setup.guest_opens_table')} isOn=${guest_opens_table} aria-describedby="guest-opens-table" onChange=${change} />
      <p class="muted small" id="guest-opens-table">${t('manager.setup.guest_opens_table_why')}</p>
    </fieldset>
  `;
}

function Waiters({ restaurant: { id, waiters }, onChanged }) {
  const [name, setName] = useState('');
  const { busy, error, submit } = useSubmit();
  const add = async (event) => {
    event.preventDefault();
    if (!await submit(qr.http.post(`/restaurants/${id}/waiters`, { name: name.trim() }))) return;
    notify(t('manager.setup.waiter_added', { name: name.trim() }));
    setName('');
    onChanged();
  };
  return html`
    <section aria-labelledby="setup-waiters">
      <h3 id="setup-waiters">${t('manager.setup.waiters')}</h3>
      <ul class="setup-rows">
        ${waiters.map((waiter) => html`<li key=${waiter.waiter_id} class="card">${waiter.name}</li>`)}
      </ul>
      <form class="card" onSubmit=${add}>
        <${Input} label=${t('manager.setup.new_waiter')} name="name" value=${name} error=${error} required maxlength="120" onChange=${setName} />
        <${FormError} fields=${['name']} error=${error} />
        <button class="button main" disabled=${busy || !name.trim()}>${t('manager.setup.add_waiter')}</button>
      </form>
    </section>
  `;
}
