/** The option groups of a menu: how many options are chosen, and what each costs and contains. */

import { html, Sheet, t, useState } from '../shared/app.js';
import { Allergens, Input, OtherRefusal, Refusal, useSave } from './form.js';
import { amountOf, withGroup, withoutGroup } from './menu-request.js';

const FIELDS = ['name', 'min', 'max', 'options'];
const OPTION = { name: '', price: '0.00', max_each: 1, allergens: null };
const GROUP = { name: '', min: 0, max: 1, options: [OPTION] };

export function GroupEditor({ id, menu, onClose }) {
  const [chosen, choose] = useState(null);
  const back = () => choose(null);
  return html`
    <${Sheet} size="wide" title=${t('manager.option_groups')} onClose=${onClose}>
      ${chosen
        ? html`<${Group} id=${id} menu=${menu} group=${chosen} onDone=${back} />`
        : html`
          <ul class="devices">${menu.option_groups.map((group) => html`
            <li key=${group.id} class="card row">
              <span class="what">
                <strong>${group.name}</strong>
                <span class="muted small">${group.options.map(({ name }) => name).join(', ')}</span>
              </span>
              <button class="button" aria-label="${t('manager.edit')}: ${group.name}" onClick=${() => choose(group)}>
                ${t('manager.edit')}</button>
            </li>`)}
          </ul>
          <button class="button main" onClick=${() => choose(GROUP)}>${t('manager.new_group')}</button>`}
    <//>
  `;
}

function Group({ id, menu, group, onDone }) {
  const [form, set] = useState(group);
  const { busy, refusal, save } = useSave(id, onDone);
  const change = (name) => (value) => set({ ...form, [name]: value });
  const setOption = (index, option) => change('options')(form.options.map((each, at) => (at === index ? option : each)));
  const submit = (event) => {
    event.preventDefault();
    save(withGroup(menu, groupOf(form)));
  };
  return html`
    <form onSubmit=${submit}>
      <div class="fields">
        <${Input} label=${t('manager.name')} name="name" value=${form.name} refusal=${refusal} onChange=${change('name')} />
        <${Input} label=${t('manager.at_least')} name="min" type="number" value=${form.min} refusal=${refusal} onChange=${change('min')} />
        <${Input} label=${t('manager.at_most')} name="max" type="number" value=${form.max} refusal=${refusal} onChange=${change('max')} />
      </div>
      ${form.options.map((option, index) => html`
        <${Option} key=${index} option=${option} path="options.${index}" refusal=${refusal}
          onChange=${(changed) => setOption(index, changed)}
          onRemove=${() => change('options')(form.options.filter((each) => each !== option))} />`)}
      ${form.options.length === 0 && html`<${Refusal} of="options" refusal=${refusal} />`}
      <button type="button" class="button" onClick=${() => change('options')([...form.options, { ...OPTION }])}>
        ${t('manager.add_option')}</button>
      <${OtherRefusal} fields=${FIELDS} refusal=${refusal} />
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

function Option({ option, path, refusal, onChange, onRemove }) {
  const change = (name) => (value) => onChange({ ...option, [name]: value });
  return html`
    <fieldset class="group">
      <legend>${option.name || t('manager.new_option')}</legend>
      <div class="fields">
        <${Input} label=${t('manager.name')} name="${path}.name" value=${option.name} refusal=${refusal} onChange=${change('name')} />
        <${Input} label=${t('manager.extra_price')} name="${path}.price" value=${option.price} refusal=${refusal}
          onChange=${change('price')} />
        <${Input} label=${t('manager.max_each')} name="${path}.max_each" type="number" value=${option.max_each} refusal=${refusal}
          onChange=${change('max_each')} />
        <button type="button" class="button quiet" aria-label="${t('manager.remove')}: ${option.name}" onClick=${onRemove}>
          ${t('manager.remove')}</button>
      </div>
      <${Allergens} name="${path}.allergens" values=${option.allergens} refusal=${refusal} onChange=${change('allergens')} />
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
