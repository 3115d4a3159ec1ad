/** Who this browser is to the service. The token is kept for this tab, also in the frames below. */

import { claims, html, signOut, t, token, useState } from '../shared/app.js';

const COMMAND = 'make -s token ROLE=admin';

/** `isOpen`: the service has answered without a sign-in, if there is none. */
export function SignIn({ isOpen }) {
  const [given, give] = useState('');
  const enter = (event) => {
    event.preventDefault();
    location.hash = `token=${encodeURIComponent(given.trim())}`; // as a link of a sign-in would
  };
  if (token() !== null) {
    return html`
      <section class="card row" aria-label=${t('start.sign_in')}>
        <p>${t('start.signed_in', { role: claims().role ?? '?' })}</p>
        <button class="button" onClick=${signOut}>${t('start.sign_out')}</button>
      </section>
    `;
  }
  return html`
    <section class="card" aria-label=${t('start.sign_in')}>
      <form class="sign-in" onSubmit=${enter}>
        <p>${t(isOpen ? 'start.anonymous' : 'start.paste')} <code>${COMMAND}</code></p>
        <label class="field">${t('start.token')}
          <input value=${given} autocomplete="off" spellcheck="false" onInput=${(event) => give(event.target.value)} />
        </label>
        <button class="button main" disabled=${!given.trim()}>${t('start.enter')}</button>
      </form>
    </section>
  `;
}
