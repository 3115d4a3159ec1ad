/** The QR codes of all tables, to print: the cards of the service's own sheet. */

import {
  claims, fetched, html, mount, parameter, reason, t, token, useEffect, useRef, useState,
} from '../shared/app.js';
import { SignIn } from '../shared/sign-in.js';

function Codes() {
  const id = Number(parameter('restaurant') ?? claims().restaurant_id) || null;
  const cards = useRef(null);
  const [title, setTitle] = useState('');
  const [refused, refuse] = useState('');
  const isSignedIn = id !== null && token() !== null;
  useEffect(() => {
    if (!isSignedIn) return;
    sheetOf(id).then(
      (sheet) => {
        setTitle(sheet.title);
        cards.current.replaceChildren(...sheet.querySelectorAll('figure'));
      },
      (error) => refuse(reason(error)),
    );
  }, [id]);
  if (!isSignedIn) {
    const why = token() !== null && t('shared.signing_in.refused');
    return html`<main class="codes"><${SignIn} why=${why} how=${t('manager.signing_in')} /></main>`;
  }
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
  return new DOMParser().parseFromString(await fetched(`/restaurants/${id}/qr-sheet`, 'text/html'), 'text/html');
}

mount(Codes, { en: () => import('./texts/en.js'), de: () => import('./texts/de.js') });
