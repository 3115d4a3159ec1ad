/**
 * Toast messages. They are shown in the topmost dialog, because the page behind a modal dialog is inert; without
 * a dialog, in the page. A confirmation disappears after 6 seconds, an error stays until it is dismissed.
 */

import { ClosedError, QueueFullError, RefusedError, RestaurantQRError, UnreachableError } from '../client/index.js';
import { html, useLayoutEffect, useRef } from '../vendor/preact-htm.js';
import { Emitter } from './emitter.js';
import { useForceUpdate } from './hooks.js';
import { t } from './i18n.js';
import { Icon } from './icons.js';

const SHOWN_MS = 6_000;
const MAX_NOTICES = 3;

const changed = new Emitter();
/** The mounted `Notices`, in the order of mounting. The last one is the topmost and shows the notices. */
const mounted = [];
let notices = [];
let lastId = 0;

/** Show a notice; `kind` is `good` or `bad`. Replaces one with the same text. */
export function notify(text, kind = 'good') {
  lastId += 1;
  const notice = { id: lastId, text, kind };
  const others = notices.filter((other) => other.text !== text);
  notices = [...others.slice(1 - MAX_NOTICES), notice];
  if (kind !== 'bad') setTimeout(() => dismiss(notice), SHOWN_MS);
  changed.emit();
}

function dismiss(notice) {
  notices = notices.filter((each) => each !== notice);
  changed.emit();
}

/** Resolves to the promise's result; a rejection is shown as a notice, and resolves to undefined. */
export async function withErrorNotice(promise) {
  try {
    return await promise;
  } catch (error) {
    if (!(error instanceof RestaurantQRError)) console.error(error); // a bug of this page
    notify(errorMessage(error), 'bad');
    return undefined;
  }
}

/** An error as a sentence for the user: in their language if there is a text for it, else the service's. */
export function errorMessage(error) {
  if (error instanceof UnreachableError) return t('shared.unanswered');
  if (!(error instanceof RestaurantQRError)) return t('shared.failed');
  if (error instanceof ClosedError || error instanceof QueueFullError) return t('shared.connection.closed');
  const known = error instanceof RefusedError ? t.maybe(`shared.errors.${error.code}`) : null;
  return known ?? error.message;
}

export function Notices() {
  const forceUpdate = useForceUpdate();
  const container = useRef(null);
  useLayoutEffect(() => {
    mounted.push(container);
    const stop = changed.on(forceUpdate);
    changed.emit();
    return () => {
      stop();
      mounted.splice(mounted.indexOf(container), 1);
      changed.emit();
    };
  }, []);
  const shown = mounted.at(-1) === container ? notices : [];
  return html`
    <div class="notices" ref=${container}>
      <div role="status">${shown.filter(({ kind }) => kind !== 'bad').map(renderNotice)}</div>
      <div role="alert">${shown.filter(({ kind }) => kind === 'bad').map(renderNotice)}</div>
    </div>
  `;
}

function renderNotice(notice) {
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
