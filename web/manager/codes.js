/** Prints the QR codes of all tables: the cards of the service's HTML document `qr-sheet`. */

import {
  claims, errorMessage, fetchText, html, mount, queryParam, t, token, useEffect, useRef, useState,
} from '../shared/app.js';
import { SignIn } from '../shared/sign-in.js';

function Codes() {
  const id = Number(queryParam('restaurant') ?? claims().restaurant_id) || null;
  const cards = useRef(null);
  const [title, setTitle] = useState('');
  const [error, setError] = useState('');
  const isSignedIn = id !== null && token() !== null;
  useEffect(() => {
    if (!isSignedIn) return;
    loadSheet(id).then(
      (sheet) => {
        setTitle(sheet.title);
        cards.current.replaceChildren(...sheet.querySelectorAll('figure'));
      },
      (cause) => setError(errorMessage(cause)),
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
      ${error && html`<p role="alert">${error}</p>`}
      <p class="muted small">${t('manager.codes_about')}</p>
      <div class="cards" ref=${cards}></div>
    </main>
  `;
}

/** The sheet as a separate document, in which no script runs. */
async function loadSheet(id) {
  return new DOMParser().parseFromString(await fetchText(`/restaurants/${id}/qr-sheet`, 'text/html'), 'text/html');
}

mount(Codes, { en: () => import('./texts/en.js'), de: () => import('./texts/de.js') });
