/** A waiter's phone: what is to be done now, then the tables. */

import {
  claims, Frame, html, mount, parameter, t, token, useChannel, useFormats, useNow, useOpen, useState,
  useStored,
} from '../shared/app.js';
import { SignIn } from '../shared/sign-in.js';
import { tableName } from '../shared/table-name.js';
import { Broadcasts } from './broadcasts.js';
import { Now } from './now.js';
import { useSessions } from './sessions.js';
import { TableCard } from './table-card.js';
import { TableSheet } from './table-sheet.js';
import { isMine } from './tables.js';

const SHOWS_ALL = 'waiter-sees-all';

function Waiter() {
  const id = Number(parameter('waiter') ?? claims().waiter_id) || null;
  const channel = useOpen('waiter', id);
  const { data: me, status } = useChannel(channel);
  const homeChannel = useOpen('restaurant', me?.restaurant_id ?? null);
  const { data: home } = useChannel(homeChannel);
  const formats = useFormats(home);
  const now = useNow(15);
  const [all, setAll] = useStored(SHOWS_ALL, false);
  const [chosen, choose] = useState(null);

  const tables = home?.tables.list ?? [];
  const mine = tables.filter((table) => isMine(table, id));
  const open = tables.find((table) => table.table_id === chosen);
  const shown = all ? tables : mine;
  const wanted = shown.concat(open ?? []).flatMap(({ session }) => session?.id ?? []);
  const sessions = useSessions([...new Set(wanted)]);

  const nameOf = (at) => tableName(at, tables);

  if (id === null || status?.state === 'closed') {
    return html`<${Frame} title=${t('waiter.title')}><${SignIn} why=${(id !== null || token() !== null) && t('waiter.not_you')} /><//>`;
  }

  return html`
    <${Frame} title=${me?.name ?? t('waiter.title')} place=${me?.restaurant}
      timezone=${home?.timezone}>
      ${token() === null && html`<p class="card hint">${t('waiter.look_only')}</p>`}
      <${Broadcasts} channel=${homeChannel} formats=${formats} />
      <div class="columns">
        <${Now} me=${me} channel=${channel} sessions=${sessions} formats=${formats} now=${now}
          nameOf=${nameOf} />
        <section aria-labelledby="tables">
          <header class="row">
            <h2 id="tables">${t('waiter.tables')}</h2>
            <div class="switcher" role="group" aria-label=${t('waiter.which')}>
              ${[false, true].map((value) => html`
                <button key=${value} aria-pressed=${all === value} onClick=${() => setAll(value)}>
                  ${t(value ? 'waiter.all' : 'waiter.mine')}
                </button>`)}
            </div>
          </header>
          ${home && shown.length === 0 && html`<p class="empty">${t('waiter.no_tables')}</p>`}
          <ul class="tables">
            ${shown.map((table) => html`
              <${TableCard} key=${table.table_id} table=${table} name=${nameOf(table)} formats=${formats} now=${now}
                session=${sessions.get(table.session?.id)} onOpen=${() => choose(table.table_id)} />`)}
          </ul>
        </section>
      </div>
      ${open && html`
        <${TableSheet} key=${open.table_id} table=${open} name=${nameOf(open)} session=${sessions.get(open.session?.id)}
          waiter=${id} formats=${formats} now=${now} onClose=${() => choose(null)} />`}
    <//>
  `;
}

mount(Waiter, { en: () => import('./texts/en.js'), de: () => import('./texts/de.js') });
