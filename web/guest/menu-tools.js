/** The menu's language and the filter "without these allergens". */

import { html, list, Sheet, t, tabStorage, useState, useStoredState } from '../shared/app.js';
import { allergenName, ALLERGENS } from '../shared/allergens.js';

/** The allergens to avoid, and their setter; stored for this tab. */
export const useAvoidedAllergens = () => useStoredState('without', [], tabStorage);

/** Renders nothing if the menu has one language and declares no allergens. `hidden` is the number of hidden dishes. */
export function MenuTools({ menu, onLanguage, avoided, onAvoid, hidden }) {
  const [isOpen, setIsOpen] = useState(false);
  const isDeclared = menu.categories.some(({ items }) => items.some(({ allergens }) => allergens));
  if (menu.languages.length === 0 && !isDeclared && avoided.length === 0) return null;
  const names = list(avoided.map(allergenName));
  return html`
    <div class="menu-tools">
      ${menu.languages.length > 0 && html`
        <label class="field">${t('guest.menu.language')}
          <select value=${menu.language} onChange=${({ target }) => onLanguage(target.value)}>
            <option value="">${t('guest.menu.original')}</option>
            ${menu.languages.map((tag) => html`<option key=${tag} value=${tag} lang=${tag}>${languageName(tag)}</option>`)}
          </select>
        </label>`}
      ${(isDeclared || avoided.length > 0) && html`
        <button class="button" aria-haspopup="dialog" onClick=${() => setIsOpen(true)}>
          ${names ? t('guest.filter.without', { names }) : t('guest.filter.open')}
        </button>`}
      <p class="small" role="status">${names && t('guest.filter.hidden', { count: hidden })}</p>
      ${isOpen && html`<${Filter} avoided=${avoided} onAvoid=${onAvoid} onClose=${() => setIsOpen(false)} />`}
    </div>
  `;
}

function Filter({ avoided, onAvoid, onClose }) {
  const toggle = (allergen) => onAvoid(ALLERGENS.filter((each) => avoided.includes(each) !== (each === allergen)));
  return html`
    <${Sheet} title=${t('guest.filter.title')} onClose=${onClose}>
      <p class="small">${t('guest.filter.how')}</p>
      <div class="allergens">
        ${ALLERGENS.map((allergen) => html`
          <label key=${allergen} class="choice">
            <input type="checkbox" checked=${avoided.includes(allergen)} onChange=${() => toggle(allergen)} />
            <span class="details">${allergenName(allergen)}</span>
          </label>
        `)}
      </div>
      <div class="row">
        <button class="button quiet" disabled=${avoided.length === 0} onClick=${() => onAvoid([])}>${t('guest.filter.clear')}</button>
        <button class="button main" onClick=${onClose}>${t('guest.filter.done')}</button>
      </div>
    <//>
  `;
}

/** The name of a language in that language. */
function languageName(tag) {
  try {
    return new Intl.DisplayNames([tag], { type: 'language' }).of(tag);
  } catch {
    return tag;
  }
}
