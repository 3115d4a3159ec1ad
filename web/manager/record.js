/** What happened at a table, to its present or last party, or to an order; beside it the audit. */

import { html, qr, saying, Sheet, t, useChannel, useEffect, useOpen, useState } from '../shared/app.js';
import { Dishes, useDishes } from '../shared/dishes.js';
import { Force } from './force.js';
import { Timeline } from './timeline.js';

export function TableRecord({ table, name, waiters, formats, onClose }) {
  const visit = useVisit(table);
  const { data: party } = useChannel(useOpen('session', visit));
  const orders = (party?.orders ?? []).map(({ order_id: id }) => ({ name: 'order', id, path: `/orders/${id}` }));
  const sources = [...orders, { name: 'table', path: `/tables/${table.table_id}` }];
  if (visit) {
    const label = table.session ? 'session' : 'last_session';
    sources.unshift({ name: 'session', label, path: `/sessions/${visit}` });
  }
  return html`
    <${Sheet} size="wide" title=${t('manager.table', { number: name })} onClose=${onClose}>
      <${Record} key=${visit} sources=${sources} version=${party?.version} formats=${formats}
        waiters=${waiters} />
      ${table.session && html`<${Force} table=${table} />`}
    <//>
  `;
}

/** The id of the session at a table; at a free table, of its last one. */
function useVisit({ table_id, session }) {
  const [last, setLast] = useState(null);
  useEffect(() => {
    if (session) setLast(session.id);
    else if (last === null) lastVisit(table_id).then(setLast);
  }, [session?.id]);
  return session?.id ?? last;
}

async function lastVisit(table_id) {
  const page = await saying(qr.http.get(`/tables/${table_id}/history`));
  const released = page?.data.filter(({ type }) => type === 'TableReleased').pop();
  return released?.data.session_id ?? null;
}

export function OrderRecord({ id, waiters, formats, onClose }) {
  const { data } = useChannel(useOpen('order', id));
  const source = { name: 'order', id, path: `/orders/${id}` };
  return html`
    <${Sheet} size="wide" title=${t('manager.order_number', { number: id })} onClose=${onClose}>
      <${Record} sources=${[source]} version=${data?.version} formats=${formats} waiters=${waiters} />
    <//>
  `;
}

/** `version` is what was last heard of it: with each the newest page is read again. */
function Record({ sources, version, formats, waiters }) {
  const [chosen, choose] = useState(sources[0].path);
  const { path, name, id } = sources.find((source) => source.path === chosen) ?? sources[0];
  const shared = { version, formats, waiters };
  const orders = sources.filter((source) => source.name === 'order' && (name === 'session' || source.id === id));
  return html`
    <div class="record">
      ${sources.length > 1 && html`
        <div class="switcher" role="group" aria-label=${t('manager.whose')}>
          ${sources.map((source) => html`
            <button key=${source.path} aria-pressed=${source.path === path} onClick=${() => choose(source.path)}>
              ${t(`manager.source.${source.label ?? source.name}`, { number: source.id })}
            </button>`)}
        </div>`}
      <${Ordered} ids=${orders.map((order) => order.id)} version=${version} />
      <div class="beside">
        <${Timeline} key=${`${path}/history`} kind="history" of=${name} path=${`${path}/history`} ...${shared} />
        <${Timeline} key=${`${path}/audit`} kind="audit" of=${name} path=${`${path}/audit`} ...${shared} />
      </div>
    </div>
  `;
}

/** The dishes of these orders. */
function Ordered({ ids, version }) {
  const dishes = useDishes(ids, version);
  const texts = { ready: t('manager.dish.ready'), voided: t('manager.dish.voided') };
  return ids.filter((id) => dishes.has(id)).map((id) => html`
    <section key=${id} class="card" aria-label=${t('manager.order_number', { number: id })}>
      <${Dishes} order=${dishes.get(id)} texts=${texts} />
    </section>`);
}
