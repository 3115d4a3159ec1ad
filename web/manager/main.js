/** The manager's page: key figures, floor plan, alerts, orders and the menu. */

import {
  claims, Frame, html, mount, queryParam, t, token, useChannel, useFormats, useNow, useOpenChannel, useState,
} from '../shared/app.js';
import { SignIn } from '../shared/sign-in.js';
import { tableName } from '../shared/table-name.js';
import { Alerts } from './alerts.js';
import { Announce } from './announce.js';
import { Devices } from './devices.js';
import { Figures } from './figures.js';
import { Floor } from './floor.js';
import { OrderHistory, TableHistory } from './history.js';
import { MenuList } from './menu.js';
import { Orders } from './orders.js';
import { Setup } from './setup.js';
import { useRefresh } from './use-refresh.js';

function Manager() {
  const id = Number(queryParam('restaurant') ?? claims().restaurant_id) || null;
  const channel = useOpenChannel('restaurant', id);
  const notificationChannel = useOpenChannel('notifications', id);
  const { data: restaurant, status } = useChannel(channel);
  const notifications = useChannel(notificationChannel).data?.notifications ?? [];
  const formats = useFormats(restaurant);
  const now = useNow(15);
  const [dialog, setDialog] = useState(null); // `{ devices }`, `{ setup }`, `{ table }` or `{ order }`
  useRefresh(channel, notificationChannel);

  if (id === null || status?.state === 'closed') {
    const why = (id !== null || token() !== null) && t('shared.signing_in.refused');
    return html`
      <${Frame} title=${t('manager.title')}><${SignIn} why=${why} how=${t('manager.signing_in')} /><//>`;
  }
  const actions = html`
    <button class="button" disabled=${!restaurant || token() === null} onClick=${() => setDialog({ devices: true })}>${t('manager.devices')}</button>
    <button class="button" disabled=${!restaurant || token() === null} onClick=${() => setDialog({ setup: true })}>${t('manager.setup.open')}</button>
    <a class="button" href="codes.html?restaurant=${id}">${t('manager.codes')}</a>`;
  const waiters = new Map((restaurant?.waiters ?? []).map(({ waiter_id, name }) => [waiter_id, name]));
  const table = restaurant?.tables.list.find(({ table_id }) => table_id === dialog?.table);
  return html`
    <${Frame} title=${t('manager.title')} subtitle=${restaurant?.name} timezone=${restaurant?.timezone}
      actions=${actions}>
      ${token() === null && html`<p class="card hint">${t('manager.look_only')}</p>`}
      ${restaurant && html`
        <${Figures} restaurant=${restaurant} formats=${formats} now=${now} />
        <div class="columns">
          <${Floor} restaurant=${restaurant} notifications=${notifications} formats=${formats} now=${now}
            onOpen=${(table_id) => setDialog({ table: table_id })} />
          <div class="sidebar">
            <${Alerts} notifications=${notifications} orders=${restaurant.open_orders} tables=${restaurant.tables.list} channel=${notificationChannel}
              formats=${formats} now=${now} onOpen=${(order_id) => setDialog({ order: order_id })} />
            <${Orders} orders=${restaurant.open_orders} tables=${restaurant.tables.list} formats=${formats} now=${now}
              onOpen=${(order_id) => setDialog({ order: order_id })} />
          </div>
        </div>
        <div class="columns">
          <${MenuList} id=${id} formats=${formats} />
          <${Announce} restaurant=${restaurant} channel=${channel} formats=${formats} />
        </div>`}
      ${table && html`
        <${TableHistory} table=${table} name=${tableName(table, restaurant.tables.list)} waiters=${waiters} formats=${formats} onClose=${() => setDialog(null)} />`}
      ${dialog?.devices && html`
        <${Devices} restaurant=${restaurant} formats=${formats} now=${now} onClose=${() => setDialog(null)} />`}
      ${dialog?.setup && html`<${Setup} restaurant=${restaurant} channel=${channel} onClose=${() => setDialog(null)} />`}
      ${dialog?.order && html`
        <${OrderHistory} id=${dialog.order} waiters=${waiters} formats=${formats} onClose=${() => setDialog(null)} />`}
    <//>
  `;
}

mount(Manager, { en: () => import('./texts/en.js'), de: () => import('./texts/de.js') });
