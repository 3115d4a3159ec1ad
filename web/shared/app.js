/** The pages' common module: `mount`, and re-exports of the hooks, components and functions that pages use. */

import { html, render, useErrorBoundary } from '../vendor/preact-htm.js';
import { ignoreDoubleTaps } from './double-taps.js';
import { restoreLostFocus } from './focus.js';
import { direction, language, loadTexts, t } from './i18n.js';
import { useSignInGate } from './sign-in-gate.js';

export {
  html, useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState,
} from '../vendor/preact-htm.js';
export { claims, fetchText, qr, signOut, token } from './client.js';
export { Emitter } from './emitter.js';
export { focusElement } from './focus.js';
export { formats, minutesBetween, useFormats } from './format.js';
export { Frame } from './frame.js';
export { useChannel, useConnectionStatus, useForceUpdate, useNow, useOpenChannel } from './hooks.js';
export { language, list, locale, number, t } from './i18n.js';
export { Icon } from './icons.js';
export { errorMessage, notify, withErrorNotice } from './notices.js';
export { isUnanswered } from './request-keys.js';
export { Sheet } from './sheet.js';
export { scrollToElement, useStickyBar } from './sticky-bars.js';
export { onStorageChange, storage, tabStorage } from './storage.js';
export { useStoredState } from './stored-state.js';

/** A parameter of the page's address, such as `?restaurant=2`; null if it is absent. */
export function queryParam(name) {
  return new URLSearchParams(location.search).get(name);
}

/** Load a page's texts and render it. `imports` has a function per language that imports its file. */
export async function mount(Page, imports) {
  const loading = loadTexts(imports);
  document.documentElement.lang = language;
  document.documentElement.dir = direction;
  await loading;
  ignoreDoubleTaps();
  restoreLostFocus();
  render(html`<${App} Page=${Page} />`, document.body);
}

/** The page, or an error message if rendering it throws. */
function App({ Page }) {
  const [error] = useErrorBoundary((cause) => console.error(cause));
  if (!error) return html`<${GatedPage} Page=${Page} />`;
  return html`
    <main class="failure">
      <h1>${t('shared.failed')}</h1>
      <button class="button main" onClick=${() => location.reload()}>${t('shared.reload')}</button>
    </main>
  `;
}

/** The page, unless its sign-in is in progress or has ended. */
function GatedPage({ Page }) {
  return useSignInGate() ?? html`<${Page} />`;
}
