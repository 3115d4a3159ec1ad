/** The guest's page before and after the visit. */

import { errorMessage, html, t, useFormats, useState } from '../shared/app.js';
import { Sums } from './bill.js';
import { parseTypedCode } from './join.js';

/** Asks for a code: none was scanned, or it was refused with `error`. `typed` is set if it was typed. */
export function Welcome({ error, typed, onCode }) {
  const [code, setCode] = useState(typed ?? '');
  const submit = (event) => {
    event.preventDefault();
    onCode(parseTypedCode(code));
  };
  return html`
    <main class="screen">
      <h1>${t('guest.welcome.title')}</h1>
      ${error && html`<p class="notice" data-kind="bad" role="alert">${refusalText(error, typed)}</p>`}
      ${error?.code !== 'table_inactive' && html`<p>${t('guest.welcome.scan')}</p>`}
      <form class="card" onSubmit=${submit}>
        <label class="field">${t('guest.welcome.code')}
          <input value=${code} required maxlength="40" aria-invalid=${typed !== undefined}
            autocomplete="off" autocapitalize="characters" spellcheck=${false} onInput=${({ target }) => setCode(target.value)} />
        </label>
        <button class="button main">${t('guest.welcome.enter')}</button>
      </form>
    </main>
  `;
}

/** Why a code was refused. */
function refusalText(error, typed) {
  if (error.code === 'not_found') return t(typed === undefined ? 'guest.welcome.bad_code' : 'guest.welcome.unknown_code');
  if (error.code === 'table_inactive') return t('guest.welcome.inactive');
  if (error.code === 'forbidden') return t('guest.welcome.by_staff');
  return errorMessage(error);
}

/** Shown while joining, and while there is no answer. */
export function Connecting({ state }) {
  return html`
    <main class="screen" role="status">
      <p class="spinner" aria-hidden="true"></p>
      <p>${t(`guest.${state}`)}</p>
    </main>
  `;
}

/** The session is closed. */
export function Farewell({ session, menu, isUnsure }) {
  const { money } = useFormats(menu);
  const hasOrdered = session && Number(session.total_amount) > 0;
  return html`
    <main class="screen">
      <h1>${t('guest.farewell.title')}</h1>
      ${menu && html`<p class="subtitle">${menu.restaurant}</p>`}
      <p class="thanks">${t('guest.farewell.thanks')}</p>
      ${isUnsure && html`<p class="notice" data-kind="bad" role="alert">${t('guest.farewell.unsure')}</p>`}
      ${hasOrdered && menu && html`<div class="card"><${Sums} session=${session} money=${money} /></div>`}
      <p class="muted">${t('guest.farewell.again')}</p>
    </main>
  `;
}
