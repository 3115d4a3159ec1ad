/** What happened at a table or to an order, and beside it what the audit says. */

import { html, Sheet, t, useChannel, useOpen, useState } from '../shared/app.js';
import { Force } from './force.js';
import { Timeline } from './timeline.js';

export function TableRecord({ table, formats, onClose }) {
  const { data: party } = useChannel(useOpen('session', table.session?.id));
  const orders = (party?.orders ?? []).map(({ order_id: id }) => ({ name: 'order', id, path: `/orders/${id}` }));
  const sources = [...orders, { name: 'table', path: `/tables/${table.table_id}` }];
  if (table.session) sources.unshift({ name: 'session', path: `/sessions/${table.session.id}` });
  return html`
    <${Sheet} size="wide" title=${t('manager.table', { number: table.table_number })} onClose=${onClose}>
      <${Record} key=${table.session?.id} sources=${sources} version=${party?.version} formats=${formats} />
      ${table.session && html`<${Force} table=${table} />`}
    <//>
  `;
}

export function OrderRecord({ id, formats, onClose }) {
  const { data } = useChannel(useOpen('order', id));
  const source = { name: 'order', id, path: `/orders/${id}` };
  return html`
    <${Sheet} size="wide" title=${t('manager.order_number', { number: id })} onClose=${onClose}>
      <${Record} sources=${[source]} version=${data?.version} formats=${formats} />
    <//>
  `;
}

/** `version` is what was last heard of it: with each the newest page is read again. */
function Record({ sources, version, formats }) {
  const [chosen, choose] = useState(sources[0].path);
  const { path } = sources.find((source) => source.path === chosen) ?? sources[0];
  return html`
    <div class="record">
      ${sources.length > 1 && html`
        <div class="switcher" role="group" aria-label=${t('manager.whose')}>
          ${sources.map((source) => html`
            <button key=${source.path} aria-pressed=${source.path === path} onClick=${() => choose(source.path)}>
              ${t(`manager.source.${source.name}`, { number: source.id })}
            </button>`)}
        </div>`}
      <div class="beside">
        <${Timeline} key=${`${path}/history`} kind="history" path=${`${path}/history`} version=${version} formats=${formats} />
        <${Timeline} key=${`${path}/audit`} kind="audit" path=${`${path}/audit`} version=${version} formats=${formats} />
      </div>
    </div>
  `;
}
