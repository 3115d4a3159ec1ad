/** Short notices of what was done or refused; read out, and gone after a while. */

import { html, useEffect, useState } from '../vendor/preact-htm.js';
import { t } from './i18n.js';
import { Signal } from './signal.js';

const SHOWN_MS = 6_000;
const told = new Signal();
let last = 0;

/** Say something; `kind` is `good` or `bad`. */
export function tell(text, kind = 'good') {
  last += 1;
  told.tell({ id: last, text, kind });
}

/** Wait for an answer; where it is a refusal, say so, and resolve to undefined. */
export async function saying(promise) {
  try {
    return await promise;
  } catch (error) {
    tell(reason(error), 'bad');
    return undefined;
  }
}

/** A sentence for a person: in their language where there is one, else the service's. */
export function reason(error) {
  const known = typeof error?.code === 'string' ? t.maybe(`shared.errors.${error.code}`) : null;
  return known ?? error?.message ?? t('shared.failed');
}

export function Notices() {
  const [notices, show] = useState([]);
  useEffect(
    () =>
      told.on((notice) => {
        show((shown) => [...shown.slice(-2), notice]);
        setTimeout(() => show((shown) => shown.filter((each) => each !== notice)), SHOWN_MS);
      }),
    [],
  );
  return html`
    <div class="notices" role="status">
      ${notices.map(({ id, text, kind }) => html`<p key=${id} class="notice ${kind}">${text}</p>`)}
    </div>
  `;
}
