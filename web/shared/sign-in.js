/** Shown on staff devices that are not signed in: how to sign in, and a field for a sign-in link. */

import { html, useState } from '../vendor/preact-htm.js';
import { t } from './i18n.js';

/** The parts of a sign-in link: page, query string (a restaurant or a waiter), and fragment with the credential. */
const SIGN_IN_LINK = /(?:\/(kitchen|manager|waiter)\/)?(\?[^#\s]*)?(#(?:device|token)=\S+)/;

/**
 * Open a link on this host, whatever host it names. `client.js` reloads the page if only the fragment differs.
 * @param {RegExpExecArray} match of `SIGN_IN_LINK`
 */
function open([, page, search = location.search, fragment]) {
  const path = page && !location.pathname.includes(`/${page}/`) ? `../${page}/` : location.pathname;
  location.assign(path + search + fragment);
}

/** `why` is the reason that the page cannot be shown; `how` says where its users get a sign-in link. */
export function SignIn({ why, how = t('shared.signing_in.device') }) {
  const [link, setLink] = useState('');
  const [isInvalid, setIsInvalid] = useState(false);
  const submit = (event) => {
    event.preventDefault();
    const match = SIGN_IN_LINK.exec(link);
    setIsInvalid(!match);
    if (match) open(match);
  };
  return html`
    <section class="card signing-in" aria-labelledby="signing-in">
      <h2 id="signing-in">${t('shared.signing_in.title')}</h2>
      ${why && html`<p>${why}</p>`}
      <p>${how}</p>
      <form onSubmit=${submit}>
        <label class="field">${t('shared.signing_in.link')}
          <input inputmode="url" autocomplete="off" spellcheck="false" value=${link} aria-invalid=${isInvalid}
            aria-describedby="link-error" onInput=${(event) => setLink(event.target.value)} />
        </label>
        <p id="link-error" role="alert">${isInvalid && t('shared.signing_in.wrong')}</p>
        <button class="button main" disabled=${!link.trim()}>${t('shared.signing_in.enter')}</button>
      </form>
    </section>
  `;
}
