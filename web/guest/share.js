/** Lets other guests join: the session's code to read out, and a link to send. */

import { html, Icon, notify, Sheet, t, useState } from '../shared/app.js';

export function Share({ session }) {
  const [isOpen, setIsOpen] = useState(false);
  return html`
    <button class="button" onClick=${() => setIsOpen(true)}><${Icon} name="share" />${t('guest.share.open')}</button>
    ${isOpen && html`
      <${Sheet} title=${t('guest.share.title')} onClose=${() => setIsOpen(false)}>
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
    <button class="button main" onClick=${() => share(link)}>${t('guest.share.send')}</button>
  `;
}

/** Share a URL through the phone's dialog; copy it if the browser has none. */
async function share(url) {
  try {
    if (navigator.share) {
      await navigator.share({ title: document.title, url });
      return;
    }
    await navigator.clipboard.writeText(url);
    notify(t('guest.share.copied'));
  } catch (error) {
    if (error.name !== 'AbortError') notify(t('guest.share.read_out'), 'bad');
  }
}
