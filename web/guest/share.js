/** How others come to the same table: a code to read out, and a link to send. */

import { html, Icon, Sheet, t, tell, useState } from '../shared/app.js';

export function Share({ session }) {
  const [open, show] = useState(false);
  return html`
    <button class="button" onClick=${() => show(true)}><${Icon} name="share" />${t('guest.share.open')}</button>
    ${open && html`
      <${Sheet} title=${t('guest.share.title')} onClose=${() => show(false)}>
        <${Code} code=${session.session_code} />
      <//>
    `}
  `;
}

function Code({ code }) {
  const link = `${location.origin}${location.pathname}#session=${code}`;
  return html`
    <p>${t('guest.share.how')}</p>
    <p class="code" aria-label=${[...code].join(' ')}>${code}</p>
    <button class="button main" onClick=${() => send(link)}>${t('guest.share.send')}</button>
  `;
}

/** By the phone's own means; else it is copied, where the browser lets pages do that. */
async function send(url) {
  try {
    if (navigator.share) {
      await navigator.share({ title: document.title, url });
      return;
    }
    await navigator.clipboard.writeText(url);
    tell(t('guest.share.copied'));
  } catch (error) {
    if (error.name !== 'AbortError') tell(t('guest.share.read_out'), 'bad');
  }
}
