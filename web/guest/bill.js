/** The bill of the session: its orders, what is paid, and the balance. */

import { html, t, useChannel, useFormats, useOpenChannel } from '../shared/app.js';
import { minus } from '../shared/menu/money.js';
import { Lines } from './orders.js';
import { CallButton } from './calls.js';

export function Bill({ session, menu }) {
  const { money } = useFormats(menu);
  const orders = session.orders.filter(({ status }) => status !== 'cancelled');
  return html`
    <h2 id="bill-title">${t('guest.bill.title')}</h2>
    <div class="card">
      ${orders.length === 0 && html`<p class="muted">${t('guest.bill.none')}</p>`}
      ${orders.map(({ order_id: id }) => html`<${OrderLines} key=${id} id=${id} money=${money} />`)}
      <${Sums} session=${session} money=${money} />
    </div>
    ${orders.length > 0 && html`<${CallButton} session=${session} reason="bill" menu=${menu} />`}
  `;
}

function OrderLines({ id, money }) {
  const { data } = useChannel(useOpenChannel('items', id));
  const items = data?.items.filter(({ status }) => status !== 'voided') ?? [];
  return html`<${Lines} lines=${items} money=${money} />`;
}

export function Sums({ session, money }) {
  const { total_amount: total, balance } = session;
  const rows = { total, paid: minus(total, balance), balance };
  return html`
    <dl class="sums">
      ${Object.entries(rows).map(([name, amount]) => html`
        <div key=${name} class="row" data-name=${name}>
          <dt>${t(`guest.bill.${name}`)}</dt><dd class="amount">${money(amount)}</dd>
        </div>
      `)}
    </dl>
  `;
}
