/** The floor as a manager sees it: the figures, the tables, what needs a decision, and the menu. */

import {
  claims, Frame, html, mount, parameter, t, token, useChannel, useFormats, useNow, useOpen, useState,
} from '../shared/app.js';
import { SignIn } from '../shared/sign-in.js';
import { tableName } from '../shared/table-name.js';
import { Alerts } from './alerts.js';
import { Announce } from './announce.js';
import { Devices } from './devices.js';
import { Figures } from './figures.js';
import { Floor } from './floor.js';
import { MenuList } from './menu.js';
import { Orders } from './orders.js';
import { OrderRecord, TableRecord } from './record.js';
import { useRefreshed } from './refreshed.js';

function Manager() {
  const id = Number(parameter('restaurant') ?? claims().restaurant_id) || null;
  const channel = useOpen('restaurant', id);
  const notifications = useOpen('notifications', id);
  const { data: home, status } = useChannel(channel);
  const notes = useChannel(notifications).data?.notifications ?? [];
  const formats = useFormats(home);
  const now = useNow(15);
  const [shown, show] = useState(null);
  useRefreshed(channel, notifications);

  if (id === null || status?.state === 'closed') {
    const why = (id !== null || token() !== null) && t('shared.signing_in.refused');
    return html`
      <${Frame} title=${t('manager.title')}><${SignIn} why=${why} how=${t('manager.signing_in')} /><//>`;
  }
  const actions = html`
    <button class="button" disabled=${!home || token() === null} onClick=${() => show({ devices: true })}>${t('manager.devices')}</button>
    <a class="button" href="codes.html?restaurant=${id}">${t('manager.codes')}</a>`;
  const waiters = new Map((home?.waiters ?? []).map(({ waiter_id, name }) => [waiter_id, name]));
  const table = home?.tables.list.find(({ table_id }) => table_id === shown?.table);
  return html`
    <${Frame} title=${t('manager.title')} place=${home?.name} timezone=${home?.timezone}
      actions=${actions}>
      ${token() === null && html`<p class="card hint">${t('manager.look_only')}</p>`}
      ${home && html`
        <${Figures} home=${home} formats=${formats} now=${now} />
        <div class="plan">
          <${Floor} home=${home} notes=${notes} formats=${formats} now=${now}
            onOpen=${(table_id) => show({ table: table_id })} />
          <div class="side">
            <${Alerts} notes=${notes} orders=${home.open_orders} tables=${home.tables.list} channel=${notifications}
              formats=${formats} now=${now} onOpen=${(order_id) => show({ order: order_id })} />
            <${Orders} orders=${home.open_orders} tables=${home.tables.list} formats=${formats} now=${now}
              onOpen=${(order_id) => show({ order: order_id })} />
          </div>
        </div>
        <div class="pair">
          <${MenuList} id=${id} formats=${formats} />
          <${Announce} home=${home} channel=${channel} formats=${formats} />
        </div>`}
      ${table && html`
        <${TableRecord} table=${table} name=${tableName(table, home.tables.list)} waiters=${waiters} formats=${formats} onClose=${() => show(null)} />`}
      ${shown?.devices && html`
        <${Devices} home=${home} formats=${formats} now=${now} onClose=${() => show(null)} />`}
      ${shown?.order && html`
        <${OrderRecord} id=${shown.order} waiters=${waiters} formats=${formats} onClose=${() => show(null)} />`}
    <//>
  `;
}

mount(Manager, { en: () => import('./texts/en.js'), de: () => import('./texts/de.js') });
