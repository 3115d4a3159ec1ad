/** One dish of the menu: its texts, allergens, diets and option groups. */

import { html, Sheet, t, useState } from '../shared/app.js';
import { Allergens, Choices, Input, OtherRefusal, Refusal, Translations, useSave } from './form.js';
import { amountOf, withItem } from './menu-request.js';

const DIETS = ['vegetarian', 'vegan', 'pescatarian', 'halal', 'kosher'];
const FIELDS = ['name', 'description', 'price', 'allergens', 'diets', 'translations', 'option_group_ids'];

export function ItemEditor({ id, menu, item, onClose }) {
  const [form, set] = useState(() => formOf(item));
  const { busy, refusal, save } = useSave(id, onClose);
  const change = (name) => (value) => set({ ...form, [name]: value });
  const group = (groupId) => menu.option_groups.find((each) => each.id === groupId)?.name;
  const submit = (event) => {
    event.preventDefault();
    save(withItem(menu, itemOf(form)));
  };
  return html`
    <${Sheet} size="wide" title=${item.name} onClose=${onClose}>
      <form onSubmit=${submit}>
        <div class="fields">
          <${Input} label=${t('manager.name')} name="name" value=${form.name} refusal=${refusal} onChange=${change('name')} />
          <${Input} label=${t('manager.price')} name="price" value=${form.price} refusal=${refusal} inputmode="decimal"
            onChange=${change('price')} />
        </div>
        <${Input} label=${t('manager.description')} name="description" value=${form.description} refusal=${refusal}
          onChange=${change('description')} />
        <${Allergens} name="allergens" values=${form.allergens} refusal=${refusal} onChange=${change('allergens')} />
        <fieldset class="group">
          <legend>${t('manager.diets')}</legend>
          <${Choices} all=${DIETS} values=${form.diets} nameOf=${(diet) => t(`manager.diet.${diet}`)} onChange=${change('diets')} />
          <${Refusal} of="diets" refusal=${refusal} />
        </fieldset>
        ${menu.option_groups.length > 0 && html`
          <fieldset class="group">
            <legend>${t('manager.option_groups')}</legend>
            <${Choices} all=${menu.option_groups.map((each) => each.id)} values=${form.option_group_ids} nameOf=${group}
              onChange=${change('option_group_ids')} />
            <${Refusal} of="option_group_ids" refusal=${refusal} />
          </fieldset>`}
        <${Translations} rows=${form.translations} refusal=${refusal} onChange=${change('translations')} />
        <${OtherRefusal} fields=${FIELDS} refusal=${refusal} />
        <button class="button main" aria-busy=${busy} disabled=${busy}>${t('manager.save')}</button>
      </form>
    <//>
  `;
}

/** @returns {any} the item, with its translations as rows */
function formOf({ translations, ...item }) {
  return { ...item, translations: Object.entries(translations).map(([tag, texts]) => ({ tag, ...texts })) };
}

function itemOf({ id, name, description, price, allergens, diets, option_group_ids, translations }) {
  return {
    id, name: name.trim(), description, price: amountOf(price), allergens, diets, option_group_ids,
    translations: Object.fromEntries(translations.map(({ tag, ...texts }) => [tag, texts])),
  };
}
