/** What happened at a table or to an order, and beside it what the audit says. */

import { html, Sheet, t, useState } from '../shared/app.js';
import { Force } from './force.js';
import { Timeline } from './timeline.js';

export function TableRecord({ table, formats, onClose }) {
  const sources = [{ name: 'table', path: `/tables/${table.table_id}` }];
  if (table.session) sources.unshift({ name: 'session', path: `/sessions/${table.session.id}` });
  return html`
    <${Sheet} title=${t('manager.table', { number: table.table_number })} onClose=${onClose}>
      <${Record} key=${table.session?.id} sources=${sources} formats=${formats} />
      ${table.session && html`<${Force} table=${table} />`}
    <//>
  `;
}

export function OrderRecord({ id, formats, onClose }) {
  return html`
    <${Sheet} title=${t('manager.order_number', { number: id })} onClose=${onClose}>
      <${Record} sources=${[{ name: 'order', path: `/orders/${id}` }]} formats=${formats} />
    <//>
  `;
}

function Record({ sources, formats }) {
  const [index, choose] = useState(0);
  const { path } = sources[index] ?? sources[0];
  return html`
    <div class="record">
      ${sources.length > 1 && html`
        <div class="switcher" role="group" aria-label=${t('manager.whose')}>
          ${sources.map(({ name }, each) => html`
            <button key=${name} aria-pressed=${each === index} onClick=${() => choose(each)}>
              ${t(`manager.source.${name}`)}
            </button>`)}
        </div>`}
      <div class="beside">
        <${Timeline} key=${`${path}/history`} kind="history" path=${`${path}/history`} formats=${formats} />
        <${Timeline} key=${`${path}/audit`} kind="audit" path=${`${path}/audit`} formats=${formats} />
      </div>
    </div>
  `;
}
