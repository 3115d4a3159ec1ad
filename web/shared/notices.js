/**
 * Short notices of what was done or refused. They are shown in the dialog that was opened last,
 * because what is behind it is covered and inert; without a dialog, in the page. A confirmation
 * disappears after a few seconds, a refusal stays until it is dismissed.
 */

import {
  ClosedError, QueueFullError, RefusedError, RestaurantQRError, UnreachableError,
} from '../client/index.js';
import { html, useLayoutEffect, useReducer, useRef } from '../vendor/preact-htm.js';
import { t } from './i18n.js';
import { Icon } from './icons.js';
import { Signal } from './signal.js';

const SHOWN_MS = 6_000;
const MOST = 3;

const changed = new Signal();
/** Every mounted `Notices`, in the order of mounting; the last one is in front and shows them. */
const places = [];
let notices = [];
let last = 0;

/** Show a notice; `kind` is `good` or `bad`. */
export function tell(text, kind = 'good') {
  last += 1;
  const notice = { id: last, text, kind };
  const others = notices.filter((other) => other.text !== text);
  notices = [...others.slice(1 - MOST), notice];
  if (kind !== 'bad') setTimeout(() => dismiss(notice), SHOWN_MS);
  changed.tell();
}

function dismiss(notice) {
  notices = notices.filter((each) => each !== notice);
  changed.tell();
}

/** Resolves to the answer; a refusal is shown as a notice, and resolves to undefined. */
export async function saying(promise) {
  try {
    return await promise;
  } catch (error) {
    if (!(error instanceof RestaurantQRError)) console.error(error); // a mistake of the page's own
    tell(reason(error), 'bad');
    return undefined;
  }
}

/** A sentence for a person: in their language where there is one, else the service's. */
export function reason(error) {
  if (error instanceof UnreachableError) return t('shared.unanswered');
  if (!(error instanceof RestaurantQRError)) return t('shared.failed');
  if (error instanceof ClosedError || error instanceof QueueFullError) return t('shared.connection.closed');
  const known = error instanceof RefusedError ? t.maybe(`shared.errors.${error.code}`) : null;
  return known ?? error.message;
}

export function Notices() {
  const redraw = useReducer((count) => count + 1, 0)[1];
  const place = useRef(null);
  useLayoutEffect(() => {
    places.push(place);
    const stop = changed.on(redraw);
    changed.tell();
    return () => {
      stop();
      places.splice(places.indexOf(place), 1);
      changed.tell();
    };
  }, []);
  const shown = places.at(-1) === place ? notices : [];
  return html`
    <div class="notices" ref=${place}>
      <div role="status">${shown.filter(({ kind }) => kind !== 'bad').map(drawn)}</div>
      <div role="alert">${shown.filter(({ kind }) => kind === 'bad').map(drawn)}</div>
    </div>
  `;
}

function drawn(notice) {
  const { id, text, kind } = notice;
  return html`
    <p key=${id} class="notice" data-kind=${kind}>
      <span>${text}</span>
      ${kind === 'bad' && html`
        <button class="button quiet icon" aria-label=${t('shared.close')} onClick=${() => dismiss(notice)}>
          <${Icon} name="close" /></button>`}
    </p>
  `;
}
