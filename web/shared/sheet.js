/** A dialog that comes up from below: the browser's own, with its focus and its Escape key. */

import { html, useLayoutEffect, useRef } from '../vendor/preact-htm.js';
import { t } from './i18n.js';
import { Icon } from './icons.js';

export function Sheet({ title, onClose, children }) {
  const dialog = useRef(null);
  useLayoutEffect(() => { // before anything can be pressed: Escape must find it open
    const { current } = dialog;
    current.showModal();
    return () => current.close();
  }, []);
  const outside = (event) => event.target === dialog.current && onClose();
  return html`
    <dialog class="sheet" ref=${dialog} aria-labelledby="sheet-title"
      onCancel=${(event) => { event.preventDefault(); onClose(); }} onClick=${outside}>
      <div class="inside">
        <header class="row">
          <h2 id="sheet-title">${title}</h2>
          <button class="button quiet icon" aria-label=${t('shared.close')} onClick=${onClose}><${Icon} name="close" /></button>
        </header>
        ${children}
      </div>
    </dialog>
  `;
}
