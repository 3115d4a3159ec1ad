/** The four pages at work, side by side: an order that one of them gives is seen in the others. */

import { html, qr, t, token, useEffect, useState } from '../shared/app.js';

export function Previews({ restaurant }) {
  const { id, tables, waiters } = restaurant;
  const table = tables.list.find(({ is_occupied }) => is_occupied) ?? tables.list[0];
  const guest = useGuest(table);
  const [isShown, show] = useState(false); // four pages are many requests: only who asks for them gets them
  const waiter = (table?.session ?? table)?.waiter_id ?? waiters[0]?.waiter_id;
  const pages = [
    { name: 'guest', path: guest },
    { name: 'kitchen', path: `/kitchen/?restaurant=${id}` },
    { name: 'waiter', path: waiter ? `/waiter/?waiter=${waiter}` : null },
    { name: 'manager', path: `/manager/?restaurant=${id}` },
  ];
  const open = pages.filter(({ path }) => path);
  return html`
    <section aria-labelledby="pages">
      <h2 id="pages">${t('start.pages')}</h2>
      <p class="muted">${t('start.pages_about')}</p>
      ${!isShown && html`
        <p class="documents">
          <button class="button main" onClick=${() => show(true)}>${t('start.show')}</button>
          ${open.map(({ name, path }) => html`<a key=${name} class="button" href=${path}>${t(`start.page.${name}`)}</a>`)}
        </p>`}
      <div class="previews">
        ${isShown && open.map(({ name, path }) => html`
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

/** The way in at a table: of the party that sits there, else with the table's own code. */
function useGuest(table) {
  const code = table?.session?.session_code;
  const [path, show] = useState(code ? `/guest/#session=${code}` : '/guest/');
  useEffect(() => {
    if (code || !table || token() === null) return;
    qr.http.get(`/tables/${table.table_id}/code`).then(
      ({ table_code }) => show(`/guest/#join=${table_code}`),
      () => {}, // then the guest types a code
    );
  }, []);
  return path;
}
