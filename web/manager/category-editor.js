/** The editor of one category: name, times, translations, its place in the menu and the order of its dishes. */

import { html, Sheet, t, useState } from '../shared/app.js';
import { FormError, Input, RemoveButton, Translations, useSave } from './form.js';
import { HoursFields } from './hours-fields.js';
import { categoryKeys, withCategory, withoutCategory } from './menu-request.js';

const FIELDS = ['name', 'translations', 'hours'];
const NEW_CATEGORY = { name: '', translations: {}, hours: [], items: [] };

/** `categoryKey` is the category's, see `menu-request.js`; null for a new one. */
export function CategoryEditor({ id, menu, categoryKey, onClose }) {
  const index = categoryKey === null ? menu.categories.length : categoryKeys(menu).indexOf(categoryKey);
  const category = menu.categories[index] ?? NEW_CATEGORY;
  const [form, setForm] = useState(() => ({
    name: category.name, hours: category.hours ?? [], position: index, itemIds: category.items.map((item) => item.id),
    translations: Object.entries(category.translations).map(([tag, texts]) => ({ tag, ...texts })),
  }));
  const { busy, error, save } = useSave(id, onClose);
  const change = (name) => (value) => setForm((before) => ({ ...before, [name]: value }));
  const nameOf = new Map(category.items.map((item) => [item.id, item.name]));
  const shownIds = form.itemIds.filter((itemId) => nameOf.has(itemId));
  const positions = Math.max(menu.categories.length, index + 1);
  const submit = (event) => {
    event.preventDefault();
    const translations = Object.fromEntries(form.translations.map(({ tag, ...texts }) => [tag, texts]));
    save(withCategory(menu, categoryKey, { ...form, name: form.name.trim(), translations }));
  };
  return html`
    <${Sheet} size="wide" title=${categoryKey ?? t('manager.new_category')} onClose=${onClose}>
      <form onSubmit=${submit}>
        <div class="fields">
          <${Input} label=${t('manager.name')} name="name" value=${form.name} error=${error} onChange=${change('name')} />
          <label class="field">${t('manager.position')}
            <select value=${form.position} onChange=${({ target }) => change('position')(Number(target.value))}>
              ${Array.from({ length: positions }, (_, each) => html`<option key=${each} value=${each}>${each + 1}</option>`)}
            </select>
          </label>
        </div>
        <${HoursFields} hours=${form.hours} error=${error} onChange=${change('hours')} />
        <${Translations} rows=${form.translations} error=${error} onChange=${change('translations')} />
        ${shownIds.length > 1 && html`<${ItemOrder} ids=${shownIds} nameOf=${nameOf} onChange=${change('itemIds')} />`}
        <${FormError} fields=${FIELDS} error=${error} />
        <div class="row">
          <button class="button main" aria-busy=${busy} disabled=${busy}>${t('manager.save')}</button>
          ${categoryKey !== null && html`
            <${RemoveButton} text=${t('manager.remove_category', { count: category.items.length })} disabled=${busy}
              onRemove=${() => save(withoutCategory(menu, categoryKey))} />`}
        </div>
      </form>
    <//>
  `;
}

/** The dishes in their order: moved by buttons, or by dragging. */
function ItemOrder({ ids, nameOf, onChange }) {
  const [dragged, setDragged] = useState(null);
  const move = (from, to) => {
    const moved = ids.filter((_, at) => at !== from);
    moved.splice(to, 0, ids[from]);
    onChange(moved);
  };
  const dragOver = (event, index) => {
    event.preventDefault();
    if (dragged === null || dragged === index) return;
    move(dragged, index);
    setDragged(index);
  };
  return html`
    <fieldset class="group">
      <legend>${t('manager.dishes')}</legend>
      <ol class="item-order">
        ${ids.map((id, index) => html`
          <li key=${id} class="row" draggable="true" onDragStart=${() => setDragged(index)} onDragOver=${(event) => dragOver(event, index)}
            onDragEnd=${() => setDragged(null)}>
            <span>${nameOf.get(id)}</span>
            <button type="button" class="button icon quiet" data-repeat disabled=${index === 0} aria-label=${t('manager.earlier_than', { name: nameOf.get(id) })}
              onClick=${() => move(index, index - 1)}>↑</button>
            <button type="button" class="button icon quiet" data-repeat disabled=${index === ids.length - 1}
              aria-label=${t('manager.later_than', { name: nameOf.get(id) })} onClick=${() => move(index, index + 1)}>↓</button>
          </li>`)}
      </ol>
    </fieldset>
  `;
}
