/** A waiter's phone: the to-do list, then the tables. */

import {
  claims, Frame, html, mount, queryParam, t, token, useChannel, useFormats, useNow, useOpenChannel, useState,
  useStoredState,
} from '../shared/app.js';
import { SignIn } from '../shared/sign-in.js';
import { tableName } from '../shared/table-name.js';
import { Announcements } from './announcements.js';
import { TableCard } from './table-card.js';
import { TableSheet } from './table-sheet.js';
import { isMine } from './tables.js';
import { TodoList } from './todo-list.js';
import { useSessions } from './use-sessions.js';

const SHOWS_ALL_KEY = 'waiter-sees-all';

function Waiter() {
  const id = Number(queryParam('waiter') ?? claims().waiter_id) || null;
  const channel = useOpenChannel('waiter', id);
  const { data: waiter, status } = useChannel(channel);
  const restaurantChannel = useOpenChannel('restaurant', waiter?.restaurant_id ?? null);
  const { data: restaurant } = useChannel(restaurantChannel);
  const formats = useFormats(restaurant);
  const now = useNow(15);
  const [showsAll, setShowsAll] = useStoredState(SHOWS_ALL_KEY, false);
  const [openTableId, setOpenTableId] = useState(null);

  const tables = restaurant?.tables.list ?? [];
  const mine = tables.filter((table) => isMine(table, id));
  const openTable = tables.find((table) => table.table_id === openTableId);
  const shown = showsAll ? tables : mine;
  const sessionIds = shown.concat(openTable ?? []).flatMap(({ session }) => session?.id ?? []);
  const sessions = useSessions([...new Set(sessionIds)]);

  const nameOf = (reference) => tableName(reference, tables);

  if (id === null || status?.state === 'closed') {
    return html`<${Frame} title=${t('waiter.title')}><${SignIn} why=${(id !== null || token() !== null) && t('waiter.not_you')} /><//>`;
  }

  return html`
    <${Frame} title=${waiter?.name ?? t('waiter.title')} subtitle=${waiter?.restaurant}
      timezone=${restaurant?.timezone}>
      ${token() === null && html`<p class="card hint">${t('waiter.look_only')}</p>`}
      <${Announcements} channel=${restaurantChannel} formats=${formats} />
      <div class="columns">
        <${TodoList} waiter=${waiter} channel=${channel} sessions=${sessions} formats=${formats} now=${now}
          nameOf=${nameOf} />
        <section aria-labelledby="tables">
          <header class="row">
            <h2 id="tables">${t('waiter.tables')}</h2>
            <div class="switcher" role="group" aria-label=${t('waiter.which')}>
              ${[false, true].map((value) => html`
                <button key=${value} aria-pressed=${showsAll === value} onClick=${() => setShowsAll(value)}>
                  ${t(value ? 'waiter.all' : 'waiter.mine')}
                </button>`)}
            </div>
          </header>
          ${restaurant && shown.length === 0 && html`<p class="empty">${t('waiter.no_tables')}</p>`}
          <ul class="tables">
            ${shown.map((table) => html`
              <${TableCard} key=${table.table_id} table=${table} name=${nameOf(table)} formats=${formats} now=${now}
                session=${sessions.get(table.session?.id)} onOpen=${() => setOpenTableId(table.table_id)} />`)}
          </ul>
        </section>
      </div>
      ${openTable && html`
        <${TableSheet} key=${openTable.table_id} table=${openTable} name=${nameOf(openTable)}
          session=${sessions.get(openTable.session?.id)} waiterId=${id} formats=${formats} now=${now}
          onClose=${() => setOpenTableId(null)} />`}
    <//>
  `;
}

mount(Waiter, { en: () => import('./texts/en.js'), de: () => import('./texts/de.js') });
