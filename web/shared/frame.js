/** The layout of every page: header with the connection status, content, notices, footer. */

import { html, useEffect } from '../vendor/preact-htm.js';
import { useFormats } from './format.js';
import { useConnectionStatus } from './hooks.js';
import { t } from './i18n.js';
import { Notices } from './notices.js';
import { useStickyBar } from './sticky-bars.js';

/** The close code of a rejected token. */
const UNAUTHENTICATED = 4401;

/** `actions` are shown in the header; `foot` sticks to the bottom of the window. */
export function Frame({ title, subtitle, timezone, actions, foot, children }) {
  useEffect(() => {
    document.title = subtitle ? `${title} · ${subtitle}` : title;
  }, [title, subtitle]);
  const header = useStickyBar('header');
  const footer = useStickyBar('foot');
  return html`
    <div class="frame">
      <a class="skip" href="#content">${t('shared.skip')}</a>
      <header class="header" ref=${header}>
        <div class="titles">
          <h1>${title}</h1>
          ${subtitle && html`<p class="subtitle">${subtitle}</p>`}
        </div>
        <${ConnectionStatus} timezone=${timezone} />
        ${actions && html`<div class="actions">${actions}</div>`}
      </header>
      <main id="content" class="content" tabindex="-1">${children}</main>
      <${Notices} />
      <div class="foot" ref=${footer}>${foot}</div>
    </div>
  `;
}

/** "Live", or since when the data has not been current; nothing if no channel is open. */
function ConnectionStatus({ timezone }) {
  const status = useConnectionStatus();
  const { time } = useFormats({ timezone });
  if (!status) return null;
  const { state } = status;
  const since = time(status.since);
  const isSignedOut = state === 'closed' && status.error?.code === UNAUTHENTICATED;
  const text = isSignedOut ? 'shared.connection.signed_out' : `shared.connection.${state}`;
  return html`
    <p class="connection" data-state=${state} role="status">
      <span class="dot" aria-hidden="true"></span>
      <span>${t(text, { since })}</span>
    </p>
  `;
}
