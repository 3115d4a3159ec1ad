/** What stands around every page: its header, how current it is, notices, and a foot. */

import { html, useEffect } from '../vendor/preact-htm.js';
import { useBar } from './bars.js';
import { useFormats } from './format.js';
import { t } from './i18n.js';
import { useStatus } from './live.js';
import { Notices } from './notices.js';

/** The close code of who may not be there any more. */
const SIGNED_OUT = 4401;

/** `actions` stand in the header, `foot` stays at the bottom of the window. */
export function Frame({ title, place, timezone, actions, foot, children }) {
  useEffect(() => {
    document.title = place ? `${title} · ${place}` : title;
  }, [title, place]);
  const header = useBar('header');
  const bottom = useBar('foot');
  return html`
    <div class="frame">
      <a class="skip" href="#content">${t('shared.skip')}</a>
      <header class="header" ref=${header}>
        <div class="who">
          <h1>${title}</h1>
          ${place && html`<p class="place">${place}</p>`}
        </div>
        <${Connection} timezone=${timezone} />
        ${actions && html`<div class="actions">${actions}</div>`}
      </header>
      <main id="content" class="content" tabindex="-1">${children}</main>
      <${Notices} />
      <div class="foot" ref=${bottom}>${foot}</div>
    </div>
  `;
}

/** "Live", or since when it is not; nothing where no channel is open. */
function Connection({ timezone }) {
  const status = useStatus();
  const { time } = useFormats({ timezone });
  if (!status) return null; // there is nothing that it listens to
  const { state } = status;
  const since = time(status.since);
  const out = state === 'closed' && status.error?.code === SIGNED_OUT;
  const text = out ? 'shared.connection.signed_out' : `shared.connection.${state}`;
  return html`
    <p class="connection" data-state=${state} role="status">
      <span class="dot" aria-hidden="true"></span>
      <span>${t(text, { since })}</span>
    </p>
  `;
}
