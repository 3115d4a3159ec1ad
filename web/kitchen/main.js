/** What the kitchen has to do: a ticket for each order, the oldest first. */

import {
  claims, Frame, html, mount, parameter, t, token, useChannel, useEffect, useMemo, useNow, useOpen, useRedraw,
} from '../shared/app.js';
import { SignIn } from '../shared/sign-in.js';
import { Alarms } from './alarms.js';
import { useAwake } from './awake.js';
import { Board } from './board.js';
import { may } from './may.js';
import { sound, SoundSwitch } from './sound.js';
import { Ticket } from './ticket.js';

function Kitchen() {
  const id = parameter('restaurant') ?? claims().restaurant_id ?? null;
  const { data, status } = useChannel(useOpen('restaurant', id));
  const board = useBoard(id, data);
  const now = useNow(10);
  const awake = useAwake();
  const { orders } = board;
  const ready = orders.filter((order) => order.status === 'ready');
  const todo = orders.filter((order) => order.status !== 'ready');
  const shared = { board, now, place: data };
  if (id === null || status?.state === 'closed') {
    const why = (status || token() !== null) && [t('shared.signing_in.refused'), status?.error.message].join(' ');
    return html`<${Frame} title=${t('kitchen.title')}><${SignIn} why=${why} /><//>`;
  }
  return html`
    <${Frame} title=${t('kitchen.title')} place=${data?.name} timezone=${data?.timezone}
      actions=${html`<${Alarms} orders=${orders} place=${data} /><${SoundSwitch} />`}>
      ${!may('ready') && html`<p class="pill look-only" data-tone="warn">${t('kitchen.look_only')}</p>`}
      ${board.refreshed > 0 && html`
        <p class="card" role="status">${t('kitchen.refreshed', { count: board.refreshed })}</p>`}
      <${Section} name="todo" orders=${todo} ...${shared} />
      ${ready.length > 0 && html`<${Section} name="ready" orders=${ready} ...${shared} />`}
      ${awake === false && html`<p class="muted small">${t('kitchen.may_sleep')}</p>`}
    <//>
  `;
}

/** The orders that the kitchen has to know about, drawn again with each change; new ones sound. */
function useBoard(id, restaurant) {
  const redraw = useRedraw();
  const board = useMemo(() => new Board(id), []);
  useEffect(() => {
    const stops = [board.changed.on(redraw), board.arrived.on(() => sound('new'))];
    return () => {
      stops.forEach((stop) => stop());
      board.close();
    };
  }, []);
  useEffect(() => restaurant && board.show(restaurant.open_orders), [restaurant]);
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
      ${orders.length === 0 && shared.place && html`<p class="empty">${t('kitchen.quiet')}</p>`}
    </section>
  `;
}

mount(Kitchen, { en: () => import('./texts/en.js'), de: () => import('./texts/de.js') });
