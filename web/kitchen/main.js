/** What the kitchen has to do: a ticket for each order, the oldest first. */

import {
  claims, Frame, html, mount, parameter, t, tell, token, useChannel, useEffect, useMemo, useNow, useOpen,
  useRedraw,
} from '../shared/app.js';
import { useAwake } from './awake.js';
import { Board } from './board.js';
import { chime, SoundSwitch } from './sound.js';
import { Ticket } from './ticket.js';

const RESTAURANT = parameter('restaurant') ?? claims().restaurant_id;

function Kitchen() {
  const { data, status } = useChannel(useOpen('restaurant', RESTAURANT));
  const tickets = useTickets(data);
  const now = useNow(10);
  const awake = useAwake();
  const todo = tickets.filter((ticket) => ticket.order.status !== 'ready');
  const ready = tickets.filter((ticket) => ticket.order.status === 'ready');
  return html`
    <${Frame} title=${t('kitchen.title')} place=${data?.name} timezone=${data?.timezone}
      actions=${html`<${SoundSwitch} />`}>
      <${Hindrance} status=${status} />
      <${Section} name="todo" tickets=${todo} now=${now} place=${data} />
      ${ready.length > 0 && html`<${Section} name="ready" tickets=${ready} now=${now} place=${data} />`}
      ${awake === false && html`<p class="muted small">${t('kitchen.may_sleep')}</p>`}
    <//>
  `;
}

/** The orders that are open, each with its items, as they are told; new ones are heard. */
function useTickets(restaurant) {
  const redraw = useRedraw();
  const board = useMemo(() => new Board(), []);
  useEffect(() => {
    const stops = [
      board.changed.on(redraw),
      board.arrived.on(({ table_number: number }) => {
        chime();
        tell(t('kitchen.arrived', { number }));
      }),
    ];
    return () => {
      stops.forEach((stop) => stop());
      board.close();
    };
  }, []);
  useEffect(() => restaurant && board.show(restaurant.open_orders), [restaurant]);
  return board.tickets;
}

/** What keeps this screen from its work. */
function Hindrance({ status }) {
  if (RESTAURANT == null) return html`<p class="card">${t('shared.no_restaurant')}</p>`;
  if (status?.state === 'closed') {
    return html`<p class="card">${t('shared.sign_in')} <span class="muted">${status.error.message}</span></p>`;
  }
  return token() === null && html`<p class="pill look-only" data-tone="warn">${t('kitchen.look_only')}</p>`;
}

function Section({ name, tickets, now, place }) {
  return html`
    <section class="section" data-name=${name} aria-labelledby=${`${name}-title`}>
      <h2 id=${`${name}-title`} class="row">${t(`kitchen.${name}`)}
        <span class="pill">${t('kitchen.count', { count: tickets.length })}</span></h2>
      <ul class="tickets">
        ${tickets.map((ticket) => html`<${Ticket} key=${ticket.id} ticket=${ticket} now=${now} place=${place} />`)}
      </ul>
      ${tickets.length === 0 && place && html`<p class="empty">${t('kitchen.quiet')}</p>`}
    </section>
  `;
}

mount(Kitchen, { en: () => import('./texts/en.js'), de: () => import('./texts/de.js') });
