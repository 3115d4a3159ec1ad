/** Fields of the menu's editors, each with the service's refusal beside it. */

import { html, qr, reason, t, tell, useState } from '../shared/app.js';
import { ALLERGENS, allergenName } from '../shared/allergens.js';
import { fieldOf } from './menu-request.js';

/**
 * Sends changes of a menu. `refusal` is the last one: `{ field, text }`.
 * @param {number} id of the restaurant
 * @param {() => void} onSaved
 */
export function useSave(id, onSaved) {
  const [{ busy, refusal }, set] = useState({ busy: false, refusal: null });
  const save = async ({ body, at }) => {
    set({ busy: true, refusal: null });
    try {
      await qr.http.put(`/restaurants/${id}/menu`, body);
    } catch (error) {
      const text = reason(error).replace(/^\S+: /, ''); // the path, which is the field's place here
      set({ busy: false, refusal: { field: fieldOf(error.details, at), text } });
      return;
    }
    tell(t('manager.saved'));
    set({ busy: false, refusal: null });
    onSaved();
  };
  return { busy, refusal, save };
}

/** A refusal that is about this field, or about a part of it. */
export function Refusal({ of, refusal, id }) {
  const isHere = refusal && (refusal.field === of || refusal.field.startsWith(`${of}.`));
  return isHere && html`<p class="wrong small" role="alert" id=${id}>${refusal.text}</p>`;
}

/** A refusal that no field of the form shows. */
export function OtherRefusal({ fields, refusal }) {
  const isElsewhere = refusal && !fields.includes(refusal.field.split('.')[0]);
  return isElsewhere && html`<p class="wrong" role="alert">${refusal.text}</p>`;
}

/** `name` is the field's path in the form; all others are attributes of the input. */
export function Input({ label, name, refusal, onChange, ...rest }) {
  const id = `wrong-${name}`;
  return html`
    <div class="input">
      <label class="field">${label}
        <input autocomplete="off" aria-describedby=${id} ...${rest} onInput=${(event) => onChange(event.target.value)} />
      </label>
      <${Refusal} of=${name} refusal=${refusal} id=${id} />
    </div>
  `;
}

/** Check boxes in one row; `values` are those that are checked. */
export function Choices({ all, values, nameOf, disabled = false, onChange }) {
  const toggle = (each) => onChange(values.includes(each) ? values.filter((value) => value !== each) : [...values, each]);
  return html`
    <div class="choices">${all.map((each) => html`
      <label key=${each} class="choice">
        <input type="checkbox" checked=${values.includes(each)} disabled=${disabled} onChange=${() => toggle(each)} />
        ${nameOf(each)}
      </label>`)}
    </div>
  `;
}

/** Null is "not declared", an empty list "none": they are never confused. */
export function Allergens({ name, values, refusal, onChange }) {
  return html`
    <fieldset class="group">
      <legend>${t('manager.allergens')}</legend>
      <label class="choice">
        <input type="checkbox" checked=${values === null} onChange=${() => onChange(values === null ? [] : null)} />
        ${t('manager.undeclared')}
      </label>
      <${Choices} all=${ALLERGENS} values=${values ?? []} nameOf=${allergenName} disabled=${values === null} onChange=${onChange} />
      ${values?.length === 0 && html`<p class="muted small">${t('manager.no_allergens')}</p>`}
      <${Refusal} of=${name} refusal=${refusal} />
    </fieldset>
  `;
}

/** Names and descriptions in other languages; `rows` are `{ tag, name, description }`. */
export function Translations({ rows, refusal, onChange }) {
  const set = (index, fields) => onChange(rows.map((row, each) => (each === index ? { ...row, ...fields } : row)));
  return html`
    <fieldset class="group">
      <legend>${t('manager.translations')}</legend>
      ${rows.map(({ tag, name, description }, index) => html`
        <div key=${index} class="fields">
          <${Input} label=${t('manager.language')} name="translations.${tag}.[key]" value=${tag} refusal=${refusal} maxlength="11"
            placeholder="de" onChange=${(value) => set(index, { tag: value.trim() })} />
          <${Input} label=${t('manager.name')} name="translations.${tag}.name" value=${name} refusal=${refusal}
            onChange=${(value) => set(index, { name: value })} />
          <${Input} label=${t('manager.description')} name="translations.${tag}.description" value=${description} refusal=${refusal}
            onChange=${(value) => set(index, { description: value })} />
          <button type="button" class="button quiet" aria-label="${t('manager.remove')}: ${tag}"
            onClick=${() => onChange(rows.filter((row, each) => each !== index))}>${t('manager.remove')}</button>
        </div>`)}
      <button type="button" class="button" onClick=${() => onChange([...rows, { tag: '', name: '', description: '' }])}>
        ${t('manager.add_language')}</button>
    </fieldset>
  `;
}
