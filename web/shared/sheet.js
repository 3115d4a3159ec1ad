/**
 * A modal dialog. It is rendered at the end of the body and in the browser's top layer, so that the styles of the
 * component that opens it (a hidden view, `pointer-events`, `overflow`) do not affect it.
 */

import { html, render, useLayoutEffect, useRef, useState } from '../vendor/preact-htm.js';
import { t } from './i18n.js';
import { Icon } from './icons.js';
import { Notices } from './notices.js';

/** `size` is `wide` for content with two columns. */
export function Sheet(props) {
  const [root] = useState(() => document.createElement('div'));
  useLayoutEffect(() => {
    document.body.append(root);
    return () => {
      render(null, root);
      root.remove();
    };
  }, []);
  useLayoutEffect(() => render(html`<${Dialog} ...${props} />`, root));
  return null;
}

function Dialog({ title, size, onClose, children }) {
  const dialog = useRef(null);
  useLayoutEffect(() => { // before the next key press, so that Escape closes it
    const { current } = dialog;
    current.showModal();
    return () => current.close();
  }, []);
  const closeOnBackdrop = (event) => event.target === dialog.current && onClose();
  return html`
    <dialog class="sheet" data-size=${size} ref=${dialog} aria-labelledby="sheet-title"
      onCancel=${(event) => { event.preventDefault(); onClose(); }} onClick=${closeOnBackdrop}>
      <div class="sheet-head">
        <h2 id="sheet-title">${title}</h2>
        <button class="button quiet icon" aria-label=${t('shared.close')} onClick=${onClose}><${Icon} name="close" /></button>
      </div>
      <div class="sheet-body">${children}</div>
      <${Notices} />
    </dialog>
  `;
}
