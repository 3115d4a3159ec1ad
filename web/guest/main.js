/** What a guest sees after scanning the code of a table. */

import {
  claims, focusOn, Frame, html, Icon, locale, mount, recall, remember, t, useChannel, useEffect, useMemo, useOpen, useState,
} from '../shared/app.js';
import { leave, useArrival } from './arrival.js';
import { BasketBar } from './basket.js';
import { Bill } from './bill.js';
import { Menu, useVisit } from './menu.js';
import { inLanguage, languageFor, languagesOf } from './menu-language.js';
import { Orders } from './orders.js';
import { useRefusals } from './refusals.js';
import { Service } from './service.js';
import { Share } from './share.js';
import { Farewell, Lost, Welcome } from './thresholds.js';
import { visitOf } from './visit.js';

function Guest() {
  const { state, session, joined, error, typed, farewell, enter } = useArrival();
  if (state === 'there') return html`<${AtTable} key=${session} id=${session} joined=${joined} />`;
  if (state === 'nowhere') return html`<${Welcome} error=${error} typed=${typed} enter=${enter} />`;
  if (state === 'left') return html`<${Farewell} ...${farewell} />`;
  return html`<${Lost} state=${state} />`;
}

const VIEWS = { menu: 'menu', orders: 'orders', bill: 'bill', service: 'waiter' };

/**
 * `joined` is the session's data if this page has just joined it. Browsers begin one WebSocket handshake at a
 * time: the menu's is the first, since `joined` is shown until the session's channel has a snapshot.
 */
function AtTable({ id, joined }) {
  const menuChannel = useOpen('menu', claims().restaurant_id);
  const [menu, speak] = useMenu(useChannel(menuChannel).data);
  const { data: current, status } = useChannel(useOpen('session', id));
  const session = current ?? joined;
  const [view, show] = useState('menu');
  const [placed, place] = useState(0);
  const visit = visitOf(id);
  useRefusals(visit, menuChannel, menu);
  const over = session?.status === 'closed' || status?.state === 'closed';
  useEffect(() => {
    if (!over) {
      visit.deliver(); // what waits, as soon as there is a connection again
    } else {
      visit.end();
      leave(id, farewellOf(session, menu, visit));
    }
  }, [over, status?.state]);
  useEffect(() => scrollTo(0, 0), [view]);
  useEffect(() => {
    if (placed > 0) focusOn(document.getElementById('orders-title')); // the basket, which had it, is gone
  }, [placed]);
  if (over) return html`<${Farewell} ...${farewellOf(session, menu, visit)} />`;
  if (!session || !menu) return html`<${Lost} state="arriving" />`;
  const parts = { session, menu, visit };
  return html`
    <${Frame} title=${t('guest.table', { number: session.table_number })}
      place=${menu.restaurant} timezone=${menu.timezone} actions=${html`<${Share} session=${session} />`}
      foot=${html`
        <${BasketBar} ...${parts} onPlaced=${() => {
          show('orders');
          place(placed + 1);
        }} />
        <${Views} view=${view} show=${show} />
      `}>
      <${ToBasket} visit=${visit} />
      <div class="views" data-view=${view}>
        <section class="view" data-name="menu" aria-labelledby="menu-title"><${Menu} ...${parts} speak=${speak} /></section>
        <section class="view" data-name="orders" aria-labelledby="orders-title"><${Orders} ...${parts} /></section>
        <section class="view" data-name="bill" aria-labelledby="bill-title"><${Bill} ...${parts} /></section>
        <section class="view" data-name="service" aria-labelledby="service-title"><${Service} ...${parts} /></section>
      </div>
    <//>
  `;
}

/** The menu in a language of its own, with its `languages`, and what chooses another `language`. */
function useMenu(data) {
  const [wished, wish] = useState(() => recall('menu-language'));
  const menu = useMemo(() => {
    if (!data) return null;
    const languages = languagesOf(data);
    const isThere = wished === '' || languages.includes(wished);
    const language = isThere ? wished : languageFor(languages, locale);
    return { ...inLanguage(data, language), languages, language };
  }, [data, wished]);
  const speak = (language) => {
    remember('menu-language', language);
    wish(language);
  };
  return [menu, speak];
}

/** What is left of a visit that is over: nothing of it comes again from the service. */
function farewellOf(session, menu, visit) {
  const sums = session && { total_amount: session.total_amount, balance: session.balance };
  const place = menu && { restaurant: menu.restaurant, currency: menu.currency };
  return { session: sums, menu: place, isUnsure: visit.outbox.length > 0 };
}

/** For keyboards: the basket comes after all of the menu. */
function ToBasket({ visit }) {
  useVisit(visit);
  if (visit.basket.length === 0) return null;
  const go = (event) => {
    event.preventDefault();
    focusOn(document.getElementById('basket'));
  };
  return html`<a class="skip" href="#basket" onClick=${go}>${t('guest.basket.skip')}</a>`;
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
