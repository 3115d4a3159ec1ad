/** The editor of option groups: limits, and each option's name, price and allergens. */

import { html, Sheet, t, useState } from '../shared/app.js';
import { Allergens, FieldError, FormError, Input, useSave } from './form.js';
import { amountOf, withGroup, withoutGroup } from './menu-request.js';

const FIELDS = ['name', 'min', 'max', 'options'];
const NEW_OPTION = { name: '', price: '0.00', max_each: 1, allergens: null };
const NEW_GROUP = { name: '', min: 0, max: 1, options: [NEW_OPTION] };

export function GroupEditor({ id, menu, onClose }) {
  const [edited, setEdited] = useState(null);
  const back = () => setEdited(null);
  return html`
    <${Sheet} size="wide" title=${t('manager.option_groups')} onClose=${onClose}>
      ${edited
        ? html`<${Group} id=${id} menu=${menu} group=${edited} onDone=${back} />`
        : html`
          <ul class="devices">${menu.option_groups.map((group) => html`
            <li key=${group.id} class="card row">
              <span class="details">
                <strong>${group.name}</strong>
                <span class="muted small">${group.options.map(({ name }) => name).join(', ')}</span>
              </span>
              <button class="button" aria-label="${t('manager.edit')}: ${group.name}" onClick=${() => setEdited(group)}>
                ${t('manager.edit')}</button>
            </li>`)}
          </ul>
          <button class="button main" onClick=${() => setEdited(NEW_GROUP)}>${t('manager.new_group')}</button>`}
    <//>
  `;
}

function Group({ id, menu, group, onDone }) {
  const [form, setForm] = useState(group);
  const { busy, error, save } = useSave(id, onDone);
  const change = (name) => (value) => setForm({ ...form, [name]: value });
  const setOption = (index, option) => change('options')(form.options.map((each, at) => (at === index ? option : each)));
  const submit = (event) => {
    event.preventDefault();
    save(withGroup(menu, groupOf(form)));
  };
  return html`
    <form onSubmit=${submit}>
      <div class="fields">
        <${Input} label=${t('manager.name')} name="name" value=${form.name} error=${error} onChange=${change('name')} />
        <${Input} label=${t('manager.at_least')} name="min" type="number" value=${form.min} error=${error} onChange=${change('min')} />
        <${Input} label=${t('manager.at_most')} name="max" type="number" value=${form.max} error=${error} onChange=${change('max')} />
      </div>
      ${form.options.map((option, index) => html`
        <${Option} key=${index} option=${option} path="options.${index}" error=${error}
          onChange=${(changed) => setOption(index, changed)}
          onRemove=${() => change('options')(form.options.filter((each) => each !== option))} />`)}
      ${form.options.length === 0 && html`<${FieldError} name="options" error=${error} />`}
      <button type="button" class="button" onClick=${() => change('options')([...form.options, { ...NEW_OPTION }])}>
        ${t('manager.add_option')}</button>
      <${FormError} fields=${FIELDS} error=${error} />
      <div class="row">
        <button class="button main" aria-busy=${busy} disabled=${busy}>${t('manager.save')}</button>
        <button type="button" class="button" onClick=${onDone}>${t('manager.back')}</button>
        ${group.id && html`
          <button type="button" class="button danger" disabled=${busy} onClick=${() => save(withoutGroup(menu, group.id))}>
            ${t('manager.remove_group')}</button>`}
      </div>
    </form>
  `;
}

function Option({ option, path, error, onChange, onRemove }) {
  const change = (name) => (value) => onChange({ ...option, [name]: value });
  return html`
    <fieldset class="group">
      <legend>${option.name || t('manager.new_option')}</legend>
      <div class="fields">
        <${Input} label=${t('manager.name')} name="${path}.name" value=${option.name} error=${error} onChange=${change('name')} />
        <${Input} label=${t('manager.extra_price')} name="${path}.price" value=${option.price} error=${error}
          onChange=${change('price')} />
        <${Input} label=${t('manager.max_each')} name="${path}.max_each" type="number" value=${option.max_each} error=${error}
          onChange=${change('max_each')} />
        <button type="button" class="button quiet" aria-label="${t('manager.remove')}: ${option.name}" onClick=${onRemove}>
          ${t('manager.remove')}</button>
      </div>
      <${Allergens} name="${path}.allergens" values=${option.allergens} error=${error} onChange=${change('allergens')} />
    </fieldset>
  `;
}

function groupOf({ id, name, min, max, options }) {
  return {
    id, name: name.trim(), min: Number(min), max: Number(max),
    options: options.map((option) => ({
      id: option.id, name: option.name.trim(), price: amountOf(option.price), max_each: Number(option.max_each),
      allergens: option.allergens,
    })),
  };
}
