/** The editor of one dish: texts, price, allergens, diets, option groups and translations. */

import { html, Sheet, t, useState } from '../shared/app.js';
import { Allergens, Choices, FieldError, FormError, Input, RemoveButton, Translations, useSave } from './form.js';
import { HoursFields } from './hours-fields.js';
import { PhotoField } from './photo-field.js';
import { amountOf, categoryKeys, categoryOf, withItem, withoutItem } from './menu-request.js';

const DIETS = ['vegetarian', 'vegan', 'pescatarian', 'halal', 'kosher'];
const FIELDS = ['name', 'description', 'price', 'allergens', 'diets', 'translations', 'option_group_ids', 'hours', 'photo_id', 'portions'];
const NEW_ITEM = {
  name: '', description: '', price: '', allergens: null, diets: [], option_group_ids: [], translations: {}, hours: [], photo_id: null, portions: null,
};

/** Without an `item`, a new one of the category with the key `category`, see `menu-request.js`. */
export function ItemEditor({ id, menu, item = NEW_ITEM, category: initial = categoryOf(menu, item.id), onClose }) {
  const [form, setForm] = useState(() => formOf(item));
  const [category, setCategory] = useState(initial);
  const { busy, error, save } = useSave(id, onClose);
  const change = (name) => (value) => setForm((before) => ({ ...before, [name]: value }));
  const [isSending, setIsSending] = useState(false);
  const groupName = (groupId) => menu.option_groups.find((each) => each.id === groupId)?.name;
  const submit = (event) => {
    event.preventDefault();
    save(withItem(menu, { ...itemOf(form), ...portionsOf(form, item) }, category));
  };
  return html`
    <${Sheet} size="wide" title=${item.name || t('manager.new_item')} onClose=${onClose}>
      <form onSubmit=${submit}>
        <div class="fields">
          <${Input} label=${t('manager.name')} name="name" value=${form.name} error=${error} onChange=${change('name')} />
          <${Input} label=${t('manager.price')} name="price" value=${form.price} error=${error} inputmode="decimal"
            onChange=${change('price')} />
          <${Input} label=${t('manager.portions')} name="portions" value=${form.portions ?? ''} error=${error} type="number" min="0" max="9999"
            step="1" inputmode="numeric" onChange=${change('portions')} />
          <label class="field">${t('manager.category')}
            <select value=${category} onChange=${({ target }) => setCategory(target.value)}>
              ${categoryKeys(menu).map((key) => html`<option key=${key} value=${key}>${key}</option>`)}
            </select>
          </label>
        </div>
        <${Input} label=${t('manager.description')} name="description" value=${form.description} error=${error}
          onChange=${change('description')} />
        <${PhotoField} id=${id} photoId=${form.photo_id} onChange=${change('photo_id')} onBusy=${setIsSending} />
        <${Allergens} name="allergens" values=${form.allergens} error=${error} onChange=${change('allergens')} />
        <fieldset class="group">
          <legend>${t('manager.diets')}</legend>
          <${Choices} all=${DIETS} values=${form.diets} nameOf=${(diet) => t(`manager.diet.${diet}`)} onChange=${change('diets')} />
          <${FieldError} name="diets" error=${error} />
        </fieldset>
        ${menu.option_groups.length > 0 && html`
          <fieldset class="group">
            <legend>${t('manager.option_groups')}</legend>
            <${Choices} all=${menu.option_groups.map((each) => each.id)} values=${form.option_group_ids} nameOf=${groupName}
              onChange=${change('option_group_ids')} />
            <${FieldError} name="option_group_ids" error=${error} />
          </fieldset>`}
        <${HoursFields} hours=${form.hours} error=${error} onChange=${change('hours')} />
        <${Translations} rows=${form.translations} error=${error} onChange=${change('translations')} />
        <${FormError} fields=${FIELDS} error=${error} />
        <div class="row">
          <button class="button main" aria-busy=${busy} disabled=${busy || isSending}>${t('manager.save')}</button>
          ${item.id && html`
            <${RemoveButton} text=${t('manager.remove_item')} disabled=${busy} onRemove=${() => save(withoutItem(menu, item.id))} />`}
        </div>
      </form>
    <//>
  `;
}

/** The form's state: the item, with its translations as rows. @returns {any} */
function formOf({ translations, hours = [], ...item }) {
  return { ...item, hours, translations: Object.entries(translations).map(([tag, texts]) => ({ tag, ...texts })) };
}

function itemOf({ id, name, description, price, allergens, diets, option_group_ids, translations, hours, photo_id }) {
  return {
    id, name: name.trim(), description, price: amountOf(price), allergens, diets, option_group_ids,
    translations: Object.fromEntries(translations.map(({ tag, ...texts }) => [tag, texts])), hours, photo_id,
  };
}

/** The number of portions if it was changed: sending it again would sell those again that were ordered since. */
function portionsOf({ portions }, item) {
  if (portions === item.portions) return {};
  return { portions: portions === '' || portions === null ? null : Number(portions) };
}
