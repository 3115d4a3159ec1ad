/** The kitchen's screen: a ticket for each open order, the oldest first. */

import {
  claims, Frame, html, mount, queryParam, t, token, useChannel, useEffect, useForceUpdate, useMemo, useNow,
  useOpenChannel, useState,
} from '../shared/app.js';
import { SoldOut } from '../shared/menu/sold-out.js';
import { PauseButton, PauseNotice } from '../shared/ordering-pause.js';
import { SignIn } from '../shared/sign-in.js';
import { Alarms } from './alarms.js';
import { Board } from './board.js';
import { canSetStatus } from './permissions.js';
import { playSound, SoundSwitch } from './sound.js';
import { Ticket } from './ticket.js';
import { useWakeLock } from './use-wake-lock.js';

function Kitchen() {
  const id = queryParam('restaurant') ?? claims().restaurant_id ?? null;
  const { data: restaurant, status } = useChannel(useOpenChannel('restaurant', id));
  const { data: menu } = useChannel(useOpenChannel('menu', id));
  const board = useBoard(id, restaurant);
  const now = useNow(10);
  const hasWakeLock = useWakeLock();
  const { orders } = board;
  const ready = orders.filter((order) => order.status === 'ready');
  const todo = orders.filter((order) => order.status !== 'ready');
  const shared = { board, now, restaurant };
  if (id === null || status?.state === 'closed') {
    const why = (status || token() !== null) && [t('shared.signing_in.refused'), status?.error.message].join(' ');
    return html`<${Frame} title=${t('kitchen.title')}><${SignIn} why=${why} /><//>`;
  }
  return html`
    <${Frame} title=${t('kitchen.title')} subtitle=${restaurant?.name} timezone=${restaurant?.timezone}
      actions=${html`<${Alarms} orders=${orders} restaurant=${restaurant} /><${MenuActions} id=${id} menu=${menu} /><${SoundSwitch} />`}>
      <${PauseNotice} id=${id} menu=${menu} />
      ${!canSetStatus('ready') && html`<p class="pill read-only" data-tone="warn">${t('kitchen.look_only')}</p>`}
      ${board.polledCount > 0 && html`
        <p class="card" role="status">${t('kitchen.refreshed', { count: board.polledCount })}</p>`}
      <${Section} name="todo" orders=${todo} ...${shared} />
      ${ready.length > 0 && html`<${Section} name="ready" orders=${ready} ...${shared} />`}
      ${hasWakeLock === false && html`<p class="muted small">${t('kitchen.may_sleep')}</p>`}
    <//>
  `;
}

/** Sold out and paused, with two taps each. */
function MenuActions({ id, menu }) {
  const [isOpen, setIsOpen] = useState(false);
  if (!menu || token() === null) return null;
  return html`
    <button class="button" aria-haspopup="dialog" onClick=${() => setIsOpen(true)}>${t('shared.sold_out.title')}</button>
    <${PauseButton} id=${id} menu=${menu} />
    ${isOpen && html`<${SoldOut} id=${id} menu=${menu} onClose=${() => setIsOpen(false)} />`}
  `;
}

/** The board of a restaurant; renders again after each change, and plays a sound for each new order. */
function useBoard(id, restaurant) {
  const forceUpdate = useForceUpdate();
  const board = useMemo(() => new Board(id), []);
  useEffect(() => {
    const stops = [board.changed.on(forceUpdate), board.arrived.on(() => playSound('new'))];
    return () => {
      stops.forEach((stop) => stop());
      board.close();
    };
  }, []);
  useEffect(() => restaurant && board.update(restaurant.open_orders), [restaurant]);
  return board;
}

function Section({ name, orders, ...shared }) {
  return html`
    <section class="section" data-name=${name} aria-labelledby=${`${name}-title`}>
      <h2 id=${`${name}-title`} class="row">${t(`kitchen.${name}`)}
        <span class="pill">${t('kitchen.count', { count: orders.filter(({ status }) => status !== 'cancelled').length })}</span></h2>
      <ul class="tickets">
        ${orders.map((order) => html`<${Ticket} key=${order.id} order=${order} ...${shared} />`)}
      </ul>
      ${orders.length === 0 && shared.restaurant && html`<p class="empty">${t('kitchen.quiet')}</p>`}
    </section>
  `;
}

mount(Kitchen, { en: () => import('./texts/en.js'), de: () => import('./texts/de.js') });
