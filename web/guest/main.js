/** The guest's page, opened by the QR code of a table. */

import {
  claims, focusElement, Frame, html, Icon, locale, mount, t, useChannel, useEffect, useMemo, useNow, useOpenChannel,
  useState, useStoredState,
} from '../shared/app.js';
import { BasketBar } from './basket.js';
import { Bill } from './bill.js';
import { Service } from './calls.js';
import { endVisit, useJoin } from './join.js';
import { inLanguage, languageFor, languagesOf } from '../shared/menu/menu-language.js';
import { atTime } from '../shared/menu/serving-hours.js';
import { Menu, useVisit } from './menu.js';
import { useOrderErrors } from './order-errors.js';
import { Orders } from './orders.js';
import { Connecting, Farewell, Welcome } from './screens.js';
import { Share } from './share.js';
import { visitOf } from './visit.js';

function Guest() {
  const { state, session, joined, error, typed, farewell, setCode } = useJoin();
  if (state === 'joined') return html`<${AtTable} key=${session} id=${session} joined=${joined} />`;
  if (state === 'not_joined') return html`<${Welcome} error=${error} typed=${typed} onCode=${setCode} />`;
  if (state === 'left') return html`<${Farewell} ...${farewell} />`;
  return html`<${Connecting} state=${state} />`;
}

/** The views and their icons. */
const VIEWS = { menu: 'menu', orders: 'orders', bill: 'bill', service: 'waiter' };

/**
 * `joined` is the session's data if this page has just joined it; it is shown until the session's channel has a
 * snapshot. Browsers open one WebSocket at a time, so the menu's channel is opened first.
 */
function AtTable({ id, joined }) {
  const menuChannel = useOpenChannel('menu', claims().restaurant_id);
  const [menu, setLanguage] = useMenu(useChannel(menuChannel).data);
  const { data: snapshot, status } = useChannel(useOpenChannel('session', id));
  const session = snapshot ?? joined;
  const [view, setView] = useState('menu');
  const [placedCount, setPlacedCount] = useState(0);
  const visit = visitOf(id);
  useOrderErrors(visit, menuChannel, menu);
  const isOver = session?.status === 'closed' || status?.state === 'closed';
  useEffect(() => {
    if (!isOver) {
      visit.sendOutbox(); // also after each reconnection
    } else {
      visit.end();
      endVisit(id, farewellOf(session, menu, visit));
    }
  }, [isOver, status?.state]);
  useEffect(() => scrollTo(0, 0), [view]);
  useEffect(() => {
    if (placedCount > 0) focusElement(document.getElementById('orders-title')); // the focused basket is gone
  }, [placedCount]);
  if (isOver) return html`<${Farewell} ...${farewellOf(session, menu, visit)} />`;
  if (!session || !menu) return html`<${Connecting} state="arriving" />`;
  const shared = { session, menu, visit };
  return html`
    <${Frame} title=${t('guest.table', { number: session.table_number })}
      subtitle=${menu.restaurant} timezone=${menu.timezone} actions=${html`<${Share} session=${session} />`}
      foot=${html`
        <${BasketBar} ...${shared} onPlaced=${() => {
          setView('orders');
          setPlacedCount(placedCount + 1);
        }} />
        <${Tabs} view=${view} onChange=${setView} />
      `}>
      <${SkipToBasket} visit=${visit} />
      <div class="views" data-view=${view}>
        <section class="view" data-name="menu" aria-labelledby="menu-title"><${Menu} ...${shared} onLanguage=${setLanguage} /></section>
        <section class="view" data-name="orders" aria-labelledby="orders-title"><${Orders} ...${shared} /></section>
        <section class="view" data-name="bill" aria-labelledby="bill-title"><${Bill} ...${shared} /></section>
        <section class="view" data-name="service" aria-labelledby="service-title"><${Service} ...${shared} /></section>
      </div>
    <//>
  `;
}

/** The translated menu with its `languages` and its current `language`, and a setter of the language. */
function useMenu(data) {
  const [chosen, setChosen] = useStoredState('menu-language');
  const now = useNow(30);
  const menu = useMemo(() => {
    if (!data) return null;
    const languages = languagesOf(data);
    const isAvailable = chosen === '' || languages.includes(chosen);
    const language = isAvailable ? chosen : languageFor(languages, locale);
    return { ...atTime(inLanguage(data, language), now, locale), languages, language };
  }, [data, chosen, now]);
  return [menu, setChosen];
}

/** What the farewell shows. It is stored, because the service does not send the session again. */
function farewellOf(session, menu, visit) {
  const totals = session && { total_amount: session.total_amount, balance: session.balance };
  const restaurant = menu && { restaurant: menu.restaurant, currency: menu.currency };
  return { session: totals, menu: restaurant, isUnsure: visit.outbox.length > 0 };
}

/** For keyboard users, because the basket comes after the whole menu. */
function SkipToBasket({ visit }) {
  useVisit(visit);
  if (visit.basket.length === 0) return null;
  const focusBasket = (event) => {
    event.preventDefault();
    focusElement(document.getElementById('basket'));
  };
  return html`<a class="skip" href="#basket" onClick=${focusBasket}>${t('guest.basket.skip')}</a>`;
}

function Tabs({ view, onChange }) {
  return html`
    <nav class="tabs" aria-label=${t('guest.views')}>
      ${Object.entries(VIEWS).map(([name, icon]) => html`
        <button key=${name} class="tab" aria-current=${view === name ? 'page' : undefined}
          onClick=${() => onChange(name)}>
          <${Icon} name=${icon} />${t(`guest.${name}.tab`)}
        </button>
      `)}
    </nav>
  `;
}

mount(Guest, {
  ar: () => import('./texts/ar.js'),
  de: () => import('./texts/de.js'),
  en: () => import('./texts/en.js'),
  es: () => import('./texts/es.js'),
  fr: () => import('./texts/fr.js'),
  it: () => import('./texts/it.js'),
});
