/**
 * The QR codes of all tables, to print. The sheet needs the token, which a plain link would have to
 * show in its address: it is fetched, and its cards are taken over.
 */

import {
  claims, html, mount, parameter, t, token, useEffect, useRef, useState,
} from '../shared/app.js';

function Codes() {
  const id = Number(parameter('restaurant') ?? claims().restaurant_id) || null;
  const cards = useRef(null);
  const [title, setTitle] = useState('');
  const [refused, refuse] = useState('');
  useEffect(() => {
    sheetOf(id).then(
      (sheet) => {
        setTitle(sheet.title);
        cards.current.replaceChildren(...sheet.querySelectorAll('figure'));
      },
      (error) => refuse(error.message),
    );
  }, [id]);
  return html`
    <main class="codes">
      <header class="row">
        <h1>${title || t('manager.codes')}</h1>
        <p class="row">
          <a class="button" href="./?restaurant=${id}">${t('manager.title')}</a>
          <button class="button main" onClick=${() => print()}>${t('manager.print')}</button>
        </p>
      </header>
      ${refused && html`<p role="alert">${refused}</p>`}
      <p class="muted small">${t('manager.codes_about')}</p>
      <div class="cards" ref=${cards}></div>
    </main>
  `;
}

/** The sheet as a document of its own; nothing in it runs. */
async function sheetOf(id) {
  const headers = token() === null ? {} : { Authorization: `Bearer ${token()}` };
  const answer = await fetch(`/api/restaurants/${id}/qr-sheet`, { headers });
  if (!answer.ok) throw new Error((await answer.json()).error);
  return new DOMParser().parseFromString(await answer.text(), 'text/html');
}

mount(Codes);
