/** The page for staff devices that are not signed in: how to sign in. */

import { html, useState } from '../vendor/preact-htm.js';
import { t } from './i18n.js';

/** The part of a sign-in link that signs in. */
const SIGNS_IN = /#((?:device|token)=\S+)/;

/** `why` says why the page cannot be shown; `how` where sign-ins of its people come from. */
export function SignIn({ why, how = t('shared.signing_in.device') }) {
  const [link, setLink] = useState('');
  const [isWrong, setWrong] = useState(false);
  const enter = (event) => {
    event.preventDefault();
    const found = SIGNS_IN.exec(link);
    setWrong(!found);
    if (found) location.hash = found[1]; // as if the link had been opened
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
