/** The shell of the pages: everything that a page imports comes from here. */

import { html, render, useErrorBoundary } from '../vendor/preact-htm.js';
import { useCover } from './cover.js';
import { keepFocusNear } from './focus.js';
import { direction, language, loadTexts, t } from './i18n.js';
import { guardDoubleTaps } from './taps.js';

export {
  html, useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState,
} from '../vendor/preact-htm.js';
export { scrollToElement, useBar } from './bars.js';
export { focusOn } from './focus.js';
export { formats, minutesBetween, useFormats } from './format.js';
export { Frame } from './frame.js';
export { Icon } from './icons.js';
export { language, locale, t } from './i18n.js';
export { useChannel, useNow, useOpen, useRedraw, useStatus } from './live.js';
export { reason, saying, tell } from './notices.js';
export { claims, fetched, qr, signOut, token } from './service.js';
export { Signal } from './signal.js';
export { Sheet } from './sheet.js';
export { isUnanswered } from './keys.js';
export { forget, kept, onRemembered, recall, remember, tab } from './storage.js';
export { useStored } from './stored-state.js';

/** What the page's address says, such as `?restaurant=2`; null where it does not. */
export function parameter(name) {
  return new URLSearchParams(location.search).get(name);
}

/** Load a page's texts and draw it; `imports` has a function for each language that imports its file. */
export async function mount(Page, imports) {
  document.documentElement.lang = language;
  document.documentElement.dir = direction;
  await loadTexts(imports);
  guardDoubleTaps();
  keepFocusNear();
  render(html`<${Whole} Page=${Page} />`, document.body);
}

function Whole({ Page }) {
  const [error] = useErrorBoundary((mistake) => console.error(mistake));
  if (!error) return html`<${Covered} Page=${Page} />`;
  return html`
    <main class="failure">
      <h1>${t('shared.failed')}</h1>
      <button class="button main" onClick=${() => location.reload()}>${t('shared.reload')}</button>
    </main>
  `;
}

/** The page, unless its sign-in is under way or has ended. */
function Covered({ Page }) {
  return useCover() ?? html`<${Page} />`;
}
