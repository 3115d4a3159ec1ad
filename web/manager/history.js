/** Dialogs with the history and the audit log of a table with its current or last session, or of an order. */

import { html, qr, Sheet, t, useChannel, useEffect, useOpenChannel, useState, withErrorNotice } from '../shared/app.js';
import { OrderItems, useOrderItems } from '../shared/order-items.js';
import { orderNumber } from '../shared/orders.js';
import { ForceClose } from './force-close.js';
import { Timeline } from './timeline.js';

export function TableHistory({ table, name, waiters, formats, onClose }) {
  const sessionId = useSessionId(table);
  const { data: session } = useChannel(useOpenChannel('session', sessionId));
  const orders = (session?.orders ?? []).map(sourceOf);
  const sources = [...orders, { name: 'table', path: `/tables/${table.table_id}` }];
  if (sessionId) {
    const label = table.session ? 'session' : 'last_session';
    sources.unshift({ name: 'session', label, path: `/sessions/${sessionId}` });
  }
  return html`
    <${Sheet} size="wide" title=${t('manager.table', { number: name })} onClose=${onClose}>
      <${Histories} key=${sessionId} sources=${sources} version=${session?.version} formats=${formats}
        waiters=${waiters} />
      ${table.session && html`<${ForceClose} table=${table} />`}
    <//>
  `;
}

/** An order as a source of histories. */
const sourceOf = (order) =>
  ({ name: 'order', id: order.order_id, number: orderNumber(order), path: `/orders/${order.order_id}` });

/** The id of a table's session; while it is free, of its last one; null if unknown. */
function useSessionId({ table_id, session }) {
  const [lastId, setLastId] = useState(null);
  useEffect(() => {
    if (session) setLastId(session.id);
    else if (lastId === null) loadLastSessionId(table_id).then(setLastId);
  }, [session?.id]);
  return session?.id ?? lastId;
}

async function loadLastSessionId(table_id) {
  const page = await withErrorNotice(qr.http.get(`/tables/${table_id}/history`));
  const released = page?.data.filter(({ type }) => type === 'TableReleased').pop();
  return released?.data.session_id ?? null;
}

export function OrderHistory({ id, waiters, formats, onClose }) {
  const { data } = useChannel(useOpenChannel('order', id));
  const source = sourceOf({ ...data, order_id: id });
  return html`
    <${Sheet} size="wide" title=${t('manager.order_number', { number: source.number })} onClose=${onClose}>
      <${Histories} sources=${[source]} version=${data?.version} formats=${formats} waiters=${waiters} />
    <//>
  `;
}

/** `sources` are the entities to choose from. When `version` changes, the newest page is read again. */
function Histories({ sources, version, formats, waiters }) {
  const [selected, setSelected] = useState(sources[0].path);
  const { path, name, id } = sources.find((source) => source.path === selected) ?? sources[0];
  const shared = { version, formats, waiters };
  const orders = sources.filter((source) => source.name === 'order' && (name === 'session' || source.id === id));
  return html`
    <div class="histories">
      ${sources.length > 1 && html`
        <div class="switcher" role="group" aria-label=${t('manager.whose')}>
          ${sources.map((source) => html`
            <button key=${source.path} aria-pressed=${source.path === path} onClick=${() => setSelected(source.path)}>
              ${t(`manager.source.${source.label ?? source.name}`, { number: source.number })}
            </button>`)}
        </div>`}
      <${OrderedItems} ids=${orders.map((order) => order.id)} version=${version} />
      <div class="timelines">
        <${Timeline} key=${`${path}/history`} kind="history" entity=${name} path=${`${path}/history`} ...${shared} />
        <${Timeline} key=${`${path}/audit`} kind="audit" entity=${name} path=${`${path}/audit`} ...${shared} />
      </div>
    </div>
  `;
}

/** The items of these orders. */
function OrderedItems({ ids, version }) {
  const loaded = useOrderItems(ids, version);
  const fewer = (count) => t('manager.dish.fewer', { count });
  const texts = { ready: t('manager.dish.ready'), served: t('manager.dish.served'), voided: t('manager.dish.voided'), fewer };
  return ids.filter((id) => loaded.has(id)).map((id) => html`
    <section key=${id} class="card" aria-label=${t('manager.order_number', { number: orderNumber(loaded.get(id)) })}>
      <${OrderItems} order=${loaded.get(id)} texts=${texts} />
    </section>`);
}
