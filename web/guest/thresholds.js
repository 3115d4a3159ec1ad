/** The page before and after the visit. */

import { html, reason, t, useFormats, useState } from '../shared/app.js';
import { typedCode } from './arrival.js';
import { Sums } from './bill.js';

/** Nobody has scanned anything yet, or a code that is not good. */
export function Welcome({ error, typed, enter }) {
  const [code, type] = useState(typed ?? '');
  const go = (event) => {
    event.preventDefault();
    enter(typedCode(code));
  };
  return html`
    <main class="threshold">
      <h1>${t('guest.welcome.title')}</h1>
      ${error && html`<p class="notice" data-kind="bad" role="alert">${sentence(error, typed)}</p>`}
      ${error?.code !== 'table_inactive' && html`<p>${t('guest.welcome.scan')}</p>`}
      <form class="card" onSubmit=${go}>
        <label class="field">${t('guest.welcome.code')}
          <input value=${code} required maxlength="40" aria-invalid=${typed !== undefined}
            autocomplete="off" autocapitalize="characters" spellcheck=${false} onInput=${({ target }) => type(target.value)} />
        </label>
        <button class="button main">${t('guest.welcome.enter')}</button>
      </form>
    </main>
  `;
}

/** Why a code was refused. */
function sentence(error, typed) {
  if (error.code === 'not_found') return t(typed === undefined ? 'guest.welcome.bad_code' : 'guest.welcome.unknown_code');
  if (error.code === 'table_inactive') return t('guest.welcome.inactive');
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
export function Farewell({ session, menu, isUnsure }) {
  const { money } = useFormats(menu);
  const hasOrdered = session && Number(session.total_amount) > 0;
  return html`
    <main class="threshold">
      <h1>${t('guest.farewell.title')}</h1>
      ${menu && html`<p class="place">${menu.restaurant}</p>`}
      <p class="kind">${t('guest.farewell.thanks')}</p>
      ${isUnsure && html`<p class="notice" data-kind="bad" role="alert">${t('guest.farewell.unsure')}</p>`}
      ${hasOrdered && menu && html`<div class="card"><${Sums} session=${session} money=${money} /></div>`}
      <p class="muted">${t('guest.farewell.again')}</p>
    </main>
  `;
}
