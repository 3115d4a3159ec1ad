/** Form fields of the menu's editors, each with the service's error beside it. */

import { errorMessage, html, notify, qr, t, useState } from '../shared/app.js';
import { allergenName, ALLERGENS } from '../shared/allergens.js';
import { fieldOf } from './menu-request.js';

/**
 * `{ busy, error, save }`: `save` sends a change of the menu, from `menu-request.js`, or says that its category is gone; `error` is `{ field, text }`, or
 * null if the last change was accepted.
 * @param {number} id of the restaurant
 * @param {() => void} onSaved
 */
export function useSave(id, onSaved) {
  const [state, setState] = useState({ busy: false, error: null });
  const save = async (request) => {
    if (request === null) {
      setState({ busy: false, error: { field: '', text: t('manager.category_gone') } });
      return;
    }
    const { body, at } = request;
    setState({ busy: true, error: null });
    try {
      await qr.http.put(`/restaurants/${id}/menu`, body);
    } catch (cause) {
      const text = errorMessage(cause).replace(/^\S+: /, ''); // without the field's path: it is shown at the field
      setState({ busy: false, error: { field: fieldOf(cause.details, at), text } });
      return;
    }
    notify(t('manager.saved'));
    setState({ busy: false, error: null });
    onSaved();
  };
  return { ...state, save };
}

/** The error of a field or of a part of it. */
export function FieldError({ name, error, id }) {
  const isShown = error && (error.field === name || error.field.startsWith(`${name}.`));
  return isShown && html`<p class="form-error small" role="alert" id=${id}>${error.text}</p>`;
}

/** An error that belongs to none of the form's fields. */
export function FormError({ fields, error }) {
  const isShown = error && !fields.includes(error.field.split('.')[0]);
  return isShown && html`<p class="form-error" role="alert">${error.text}</p>`;
}

/** `name` is the field's path in the form; `rest` are attributes of the input. */
export function Input({ label, name, error, onChange, ...rest }) {
  const id = `error-${name}`;
  return html`
    <div class="input">
      <label class="field">${label}
        <input autocomplete="off" aria-describedby=${id} ...${rest} onInput=${(event) => onChange(event.target.value)} />
      </label>
      <${FieldError} name=${name} error=${error} id=${id} />
    </div>
  `;
}

/** A setting that is on or off; `rest` are attributes of the switch. */
export function Switch({ text, isOn, onChange, ...rest }) {
  return html`
    <button type="button" class="switch" role="switch" aria-checked=${isOn} ...${rest} onClick=${() => onChange(!isOn)}><span>${text}</span></button>
  `;
}

/** A row of checkboxes; `values` are the checked ones. */
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

/** Null means "not declared", an empty list "none"; they must never be confused. */
export function Allergens({ name, values, error, onChange }) {
  return html`
    <fieldset class="group">
      <legend>${t('manager.allergens')}</legend>
      <label class="choice">
        <input type="checkbox" checked=${values === null} onChange=${() => onChange(values === null ? [] : null)} />
        ${t('manager.undeclared')}
      </label>
      <${Choices} all=${ALLERGENS} values=${values ?? []} nameOf=${allergenName} disabled=${values === null} onChange=${onChange} />
      ${values?.length === 0 && html`<p class="muted small">${t('manager.no_allergens')}</p>`}
      <${FieldError} name=${name} error=${error} />
    </fieldset>
  `;
}

/** Names and descriptions in other languages; `rows` are `{ tag, name, description }`. */
export function Translations({ rows, error, onChange }) {
  const set = (index, fields) => onChange(rows.map((row, each) => (each === index ? { ...row, ...fields } : row)));
  return html`
    <fieldset class="group">
      <legend>${t('manager.translations')}</legend>
      ${rows.map(({ tag, name, description }, index) => html`
        <div key=${index} class="fields">
          <${Input} label=${t('manager.language')} name="translations.${tag}.[key]" value=${tag} error=${error} maxlength="11"
            placeholder="de" onChange=${(value) => set(index, { tag: value.trim() })} />
          <${Input} label=${t('manager.name')} name="translations.${tag}.name" value=${name} error=${error}
            onChange=${(value) => set(index, { name: value })} />
          <${Input} label=${t('manager.description')} name="translations.${tag}.description" value=${description} error=${error}
            onChange=${(value) => set(index, { description: value })} />
          <button type="button" class="button quiet" aria-label="${t('manager.remove')}: ${tag}"
            onClick=${() => onChange(rows.filter((row, each) => each !== index))}>${t('manager.remove')}</button>
        </div>`)}
      <button type="button" class="button" onClick=${() => onChange([...rows, { tag: '', name: '', description: '' }])}>
        ${t('manager.add_language')}</button>
    </fieldset>
  `;
}

/** A button that asks once more before it removes something. */
export function RemoveButton({ text, disabled, onRemove }) {
  const [isAsking, setIsAsking] = useState(false);
  return html`
    <button type="button" class="button danger" disabled=${disabled} onClick=${() => (isAsking ? onRemove() : setIsAsking(true))}>
      ${isAsking ? t('manager.really', { action: text }) : text}</button>
  `;
}
