/** A button that copies a link; if the browser does not allow that, a field shows the link. */

import { html, notify, t, useLayoutEffect, useRef, useState } from '../shared/app.js';

export function CopyLink({ url, label }) {
  const [showsField, setShowsField] = useState(false);
  const field = useRef(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(url); // missing on pages without TLS
      notify(t('manager.link_copied'));
    } catch {
      setShowsField(true);
    }
  };
  useLayoutEffect(() => {
    if (!showsField) return;
    field.current.focus();
    field.current.select();
  }, [showsField]);
  return html`
    <button class="button" aria-label="${t('manager.copy_link')}: ${label}" onClick=${copy}>${t('manager.copy_link')}</button>
    ${showsField && html`
      <label class="field">${t('manager.link')}
        <input ref=${field} readonly value=${url} onFocus=${({ target }) => target.select()} />
      </label>`}
  `;
}
