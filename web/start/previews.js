/** The four pages in frames side by side: an order that is placed in one is seen in the others. */

import { html, qr, t, token, useEffect, useState } from '../shared/app.js';

export function Previews({ restaurant }) {
  const { id, tables, waiters } = restaurant;
  const table = tables.list.find(({ is_occupied }) => is_occupied) ?? tables.list[0];
  const guestPath = useGuestPath(table);
  const [isShown, setIsShown] = useState(false); // on request, because four pages are many requests
  const waiter = (table?.session ?? table)?.waiter_id ?? waiters[0]?.waiter_id;
  const pages = [
    { name: 'guest', path: guestPath },
    { name: 'kitchen', path: `/kitchen/?restaurant=${id}` },
    { name: 'waiter', path: waiter ? `/waiter/?waiter=${waiter}` : null },
    { name: 'manager', path: `/manager/?restaurant=${id}` },
  ];
  const available = pages.filter(({ path }) => path);
  return html`
    <section aria-labelledby="pages">
      <h2 id="pages">${t('start.pages')}</h2>
      <p class="muted">${t('start.pages_about')}</p>
      ${!isShown && html`
        <p class="documents">
          <button class="button main" onClick=${() => setIsShown(true)}>${t('start.show')}</button>
          ${available.map(({ name, path }) => html`<a key=${name} class="button" href=${path}>${t(`start.page.${name}`)}</a>`)}
        </p>`}
      <div class="previews">
        ${isShown && available.map(({ name, path }) => html`
          <figure key=${name} class="preview" data-page=${name}>
            <figcaption class="row">
              <h3>${t(`start.page.${name}`)}</h3>
              <a class="button quiet" href=${path}>${t('start.open')}</a>
            </figcaption>
            <iframe src=${path} title=${t(`start.page.${name}`)}></iframe>
          </figure>`)}
      </div>
    </section>
  `;
}

/** The guest page's path: with the code of the table's session, else of the table itself. */
function useGuestPath(table) {
  const code = table?.session?.session_code;
  const [path, setPath] = useState(code ? `/guest/#session=${code}` : '/guest/');
  useEffect(() => {
    if (code || !table || token() === null) return;
    qr.http.get(`/tables/${table.table_id}/code`).then(
      ({ table_code }) => setPath(`/guest/#join=${table_code}`),
      () => {}, // then the page asks for a code
    );
  }, []);
  return path;
}
