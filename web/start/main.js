/** The start page for developers: the restaurants, previews of the four pages, and a WebSocket console. */

import { errorMessage, html, mount, qr, t, token, useEffect, useState } from '../shared/app.js';
import { Console } from './console.js';
import { Previews } from './previews.js';
import { SignIn } from './sign-in.js';

const DOCUMENTS = ['/api/docs', '/api/asyncapi', '/healthz'];

function Start() {
  const [restaurants, setRestaurants] = useState(null);
  const [error, setError] = useState(null);
  const [selectedId, setSelectedId] = useState(null);
  useEffect(() => {
    qr.http.get('/restaurants').then(({ data }) => setRestaurants(data), setError);
  }, []);
  const restaurant = restaurants?.find(({ id }) => id === selectedId) ?? restaurants?.at(-1);
  const isLocked = error?.code === 'unauthenticated' && token() === null;
  return html`
    <main class="start">
      <header class="intro">
        <h1>Restaurant QR</h1>
        <p>${t('start.about')}</p>
        <nav class="documents" aria-label=${t('start.documents')}>
          ${DOCUMENTS.map((path) => html`
            <a key=${path} class="button" href=${path}>${t(`start.document.${path.split('/').pop()}`)}</a>`)}
        </nav>
      </header>
      <${SignIn} isOpen=${restaurants !== null} />
      <section aria-labelledby="chain">
        <h2 id="chain">${t('start.chain')}</h2>
        ${error && html`<p class="card" role="alert">${isLocked ? t('start.locked') : errorMessage(error)}</p>`}
        ${restaurants?.length === 0 && html`<p class="card muted">${t('start.no_restaurants')}</p>`}
        <div class="chain" role="group" aria-labelledby="chain">
          ${restaurants?.map(({ id, name, tables, open_orders }) => html`
            <button key=${id} class="card choice" aria-pressed=${id === restaurant.id} onClick=${() => setSelectedId(id)}>
              <strong>${name}</strong>
              <span class="muted small">
                ${t('start.number', { id })} · ${t('start.tables', { occupied: tables.occupied, count: tables.total })} ·
                ${' '}${t('start.orders', { count: open_orders.length })}
              </span>
            </button>`)}
        </div>
      </section>
      ${restaurant && html`<${Previews} key=${restaurant.id} restaurant=${restaurant} />`}
      <${Console} restaurantId=${restaurant?.id ?? 1} />
    </main>
  `;
}

mount(Start, { en: () => import('./texts/en.js'), de: () => import('./texts/de.js') });
