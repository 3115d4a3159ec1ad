/** The page before and after the visit. */

import { html, reason, t, useFormats, useState } from '../shared/app.js';
import { Sums } from './bill.js';

/** Nobody has scanned anything yet, or a code that is not good. */
export function Welcome({ error, enter }) {
  const [code, type] = useState('');
  const go = (event) => {
    event.preventDefault();
    enter({ session_code: code.trim() });
  };
  return html`
    <main class="threshold">
      <h1>${t('guest.welcome.title')}</h1>
      ${error && html`<p class="notice" data-kind="bad" role="alert">${sentence(error)}</p>`}
      <p>${t('guest.welcome.scan')}</p>
      <form class="card" onSubmit=${go}>
        <label class="field">${t('guest.welcome.code')}
          <input value=${code} required maxlength="12" autocomplete="off" autocapitalize="characters"
            spellcheck=${false} onInput=${({ target }) => type(target.value)} />
        </label>
        <button class="button main">${t('guest.welcome.enter')}</button>
      </form>
    </main>
  `;
}

/** Why a code did not let in: by the staff's wish, or because it is not good (any more). */
function sentence(error) {
  if (error.code === 'not_found') return t('guest.welcome.bad_code');
  if (error.code === 'forbidden') return t('guest.welcome.by_staff');
  return reason(error);
}

/** On the way: a moment, or longer without a network. */
export function Lost({ state }) {
  return html`
    <main class="threshold" role="status">
      <p class="pulse" aria-hidden="true"></p>
      <p>${t(`guest.${state}`)}</p>
    </main>
  `;
}

/** The session is closed. */
export function Farewell({ session, menu }) {
  const { money } = useFormats(menu);
  return html`
    <main class="threshold">
      <h1>${t('guest.farewell.title')}</h1>
      ${menu && html`<p class="place">${menu.restaurant}</p>`}
      <p class="kind">${t('guest.farewell.thanks')}</p>
      ${session && menu && html`<div class="card"><${Sums} session=${session} money=${money} /></div>`}
      <p class="muted">${t('guest.farewell.again')}</p>
    </main>
  `;
}
