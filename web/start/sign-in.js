/** Signs in with a token, which is stored for this tab; the previews use it, too. */

import { claims, html, signOut, t, token, useState } from '../shared/app.js';

const COMMAND = 'make -s token ROLE=admin';

/** `isOpen` is whether the service answers without a sign-in. */
export function SignIn({ isOpen }) {
  const [newToken, setNewToken] = useState('');
  const submit = (event) => {
    event.preventDefault();
    location.hash = `token=${encodeURIComponent(newToken.trim())}`; // as a sign-in link does
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
      <form class="sign-in" onSubmit=${submit}>
        <p>${t(isOpen ? 'start.anonymous' : 'start.paste')} <code>${COMMAND}</code></p>
        <label class="field">${t('start.token')}
          <input value=${newToken} autocomplete="off" spellcheck="false" onInput=${(event) => setNewToken(event.target.value)} />
        </label>
        <button class="button main" disabled=${!newToken.trim()}>${t('start.enter')}</button>
      </form>
    </section>
  `;
}
