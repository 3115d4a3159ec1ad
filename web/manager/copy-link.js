/** A button that copies a link; if the browser does not let the page copy it, a field shows the link to be copied. */

import { html, t, tell, useLayoutEffect, useRef, useState } from '../shared/app.js';

export function CopyLink({ url, label }) {
  const [isShown, show] = useState(false);
  const field = useRef(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(url); // pages that are not served over HTTPS have no clipboard
      tell(t('manager.link_copied'));
    } catch {
      show(true);
    }
  };
  useLayoutEffect(() => {
    if (!isShown) return;
    field.current.focus();
    field.current.select();
  }, [isShown]);
  return html`
    <button class="button" aria-label="${t('manager.copy_link')}: ${label}" onClick=${copy}>${t('manager.copy_link')}</button>
    ${isShown && html`
      <label class="field">${t('manager.link')}
        <input ref=${field} readonly value=${url} onFocus=${({ target }) => target.select()} />
      </label>`}
  `;
}
