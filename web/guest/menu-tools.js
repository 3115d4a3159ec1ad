/** The language of the menu, and the filter "without …". */

import { html, Sheet, t, tab, useState } from '../shared/app.js';
import { ALLERGENS, allergenName } from '../shared/allergens.js';

/** The allergens that a guest avoids, for this tab, and what sets them. */
export function useAvoided() {
  const [avoided, show] = useState(() => tab.recall('without') ?? []);
  const avoid = (allergens) => {
    tab.remember('without', allergens);
    show(allergens);
  };
  return [avoided, avoid];
}

/** Nothing, if the menu has one language and declares no allergens. */
export function MenuTools({ menu, speak, avoided, avoid, hidden }) {
  const [open, show] = useState(false);
  const isDeclared = menu.categories.some(({ items }) => items.some(({ allergens }) => allergens));
  if (menu.languages.length === 0 && !isDeclared && avoided.length === 0) return null;
  const names = avoided.map(allergenName).join(', ');
  return html`
    <div class="menu-tools">
      ${menu.languages.length > 0 && html`
        <label class="field">${t('guest.menu.language')}
          <select value=${menu.language} onChange=${({ target }) => speak(target.value)}>
            <option value="">${t('guest.menu.original')}</option>
            ${menu.languages.map((tag) => html`<option key=${tag} value=${tag} lang=${tag}>${languageName(tag)}</option>`)}
          </select>
        </label>`}
      ${(isDeclared || avoided.length > 0) && html`
        <button class="button" aria-haspopup="dialog" onClick=${() => show(true)}>
          ${names ? t('guest.filter.without', { names }) : t('guest.filter.open')}
        </button>`}
      <p class="small" role="status">${names && t('guest.filter.hidden', { count: hidden })}</p>
      ${open && html`<${Filter} avoided=${avoided} avoid=${avoid} onClose=${() => show(false)} />`}
    </div>
  `;
}

function Filter({ avoided, avoid, onClose }) {
  const toggle = (allergen) => avoid(ALLERGENS.filter((each) => avoided.includes(each) !== (each === allergen)));
  return html`
    <${Sheet} title=${t('guest.filter.title')} onClose=${onClose}>
      <p class="small">${t('guest.filter.how')}</p>
      <div class="allergens">
        ${ALLERGENS.map((allergen) => html`
          <label key=${allergen} class="choice">
            <input type="checkbox" checked=${avoided.includes(allergen)} onChange=${() => toggle(allergen)} />
            <span class="what">${allergenName(allergen)}</span>
          </label>
        `)}
      </div>
      <div class="row">
        <button class="button quiet" disabled=${avoided.length === 0} onClick=${() => avoid([])}>${t('guest.filter.clear')}</button>
        <button class="button main" onClick=${onClose}>${t('guest.filter.done')}</button>
      </div>
    <//>
  `;
}

/** A language as its speakers name it. */
function languageName(tag) {
  try {
    return new Intl.DisplayNames([tag], { type: 'language' }).of(tag);
  } catch {
    return tag;
  }
}
