/** The page for staff devices that are not signed in: how to sign in. */

import { html, useState } from '../vendor/preact-htm.js';
import { t } from './i18n.js';

/** A sign-in link: the page that it is for, what identifies a restaurant or a waiter there, and what signs in. */
const SIGNS_IN = /(?:\/(kitchen|manager|waiter)\/)?(\?[^#\s]*)?(#(?:device|token)=\S+)/;

/**
 * Open a link at this address, whatever host it names; `service.js` loads the page if only the fragment differs.
 * @param {RegExpExecArray} found
 */
function open([, page, search = location.search, fragment]) {
  const path = page && !location.pathname.includes(`/${page}/`) ? `../${page}/` : location.pathname;
  location.assign(path + search + fragment);
}

/** `why` says why the page cannot be shown; `how` where sign-ins of its people come from. */
export function SignIn({ why, how = t('shared.signing_in.device') }) {
  const [link, setLink] = useState('');
  const [isWrong, setWrong] = useState(false);
  const enter = (event) => {
    event.preventDefault();
    const found = SIGNS_IN.exec(link);
    setWrong(!found);
    if (found) open(found);
  };
  return html`
    <section class="card signing-in" aria-labelledby="signing-in">
      <h2 id="signing-in">${t('shared.signing_in.title')}</h2>
      ${why && html`<p>${why}</p>`}
      <p>${how}</p>
      <form onSubmit=${enter}>
        <label class="field">${t('shared.signing_in.link')}
          <input inputmode="url" autocomplete="off" spellcheck="false" value=${link} aria-invalid=${isWrong}
            aria-describedby="wrong-link" onInput=${(event) => setLink(event.target.value)} />
        </label>
        <p id="wrong-link" role="alert">${isWrong && t('shared.signing_in.wrong')}</p>
        <button class="button main" disabled=${!link.trim()}>${t('shared.signing_in.enter')}</button>
      </form>
    </section>
  `;
}
