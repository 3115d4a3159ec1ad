/** What a guest sees after scanning the code of a table. */

import { Frame, html, Icon, mount, t, useChannel, useEffect, useOpen, useState } from '../shared/app.js';
import { leave, useArrival } from './arrival.js';
import { BasketBar } from './basket.js';
import { Bill } from './bill.js';
import { Menu } from './menu.js';
import { Orders } from './orders.js';
import { Service } from './service.js';
import { Share } from './share.js';
import { Farewell, Lost, Welcome } from './thresholds.js';
import { visitOf } from './visit.js';

function Guest() {
  const { state, session, error, enter } = useArrival();
  if (state === 'there') return html`<${AtTable} key=${session} id=${session} />`;
  if (state === 'nowhere') return html`<${Welcome} error=${error} enter=${enter} />`;
  return html`<${Lost} state=${state} />`;
}

const VIEWS = { menu: 'menu', orders: 'orders', bill: 'bill', service: 'waiter' };

function AtTable({ id }) {
  const { data: session, status } = useChannel(useOpen('session', id));
  const { data: menu } = useChannel(useOpen('menu', session?.restaurant_id));
  const [view, show] = useState('menu');
  const visit = visitOf(id);
  const over = session?.status === 'closed' || status?.state === 'closed';
  useEffect(() => {
    if (over) leave();
    else visit.deliver(); // what waits, as soon as there is a connection again
  }, [over, status?.state]);
  useEffect(() => scrollTo(0, 0), [view]);
  if (over) return html`<${Farewell} session=${session} menu=${menu} />`;
  if (!session || !menu) return html`<${Lost} state="arriving" />`;
  const parts = { session, menu, visit };
  return html`
    <${Frame} title=${t('guest.table', { number: session.table_number })}
      place=${menu.restaurant} timezone=${menu.timezone} actions=${html`<${Share} session=${session} />`}
      foot=${html`
        <${BasketBar} ...${parts} onPlaced=${() => show('orders')} />
        <${Views} view=${view} show=${show} />
      `}>
      <div class="views" data-view=${view}>
        <section class="view" data-name="menu" aria-labelledby="menu-title"><${Menu} ...${parts} /></section>
        <section class="view" data-name="orders" aria-labelledby="orders-title"><${Orders} ...${parts} /></section>
        <section class="view" data-name="bill" aria-labelledby="bill-title"><${Bill} ...${parts} /></section>
        <section class="view" data-name="service" aria-labelledby="service-title"><${Service} ...${parts} /></section>
      </div>
    <//>
  `;
}

function Views({ view, show }) {
  return html`
    <nav class="tabs" aria-label=${t('guest.views')}>
      ${Object.entries(VIEWS).map(([name, sign]) => html`
        <button key=${name} class="tab" aria-current=${view === name ? 'page' : undefined}
          onClick=${() => show(name)}>
          <${Icon} name=${sign} />${t(`guest.${name}.tab`)}
        </button>
      `)}
    </nav>
  `;
}

mount(Guest, { en: () => import('./texts/en.js'), de: () => import('./texts/de.js') });
