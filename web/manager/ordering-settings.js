/** When orders are confirmed and become ready, when empty tables close, and when the business day begins. */

import { html, qr, Sheet, t, useState, withErrorNotice } from '../shared/app.js';

const AUTO_CONFIRM = ['none', 'staff', 'all'];
/** The fields that are numbers, with their largest values. */
const MAXIMA = { empty_session_minutes: 1440, ready_grace_s: 300 };

export function OrderingSettings({ id, menu, onClose }) {
  const [form, setForm] = useState({
    auto_confirm: menu.auto_confirm, trust_first_order: menu.trust_first_order, day_starts_at: menu.day_starts_at,
    empty_session_minutes: menu.empty_session_minutes, ready_grace_s: menu.ready_grace_s,
  });
  const change = (fields) => setForm({ ...form, ...fields });
  const save = async (event) => {
    event.preventDefault();
    if (await withErrorNotice(qr.http.patch(`/restaurants/${id}/ordering`, form))) onClose();
  };
  return html`
    <${Sheet} title=${t('manager.ordering.open')} onClose=${onClose}>
      <form onSubmit=${save}>
        <fieldset class="group">
          <legend>${t('manager.ordering.auto_confirm')}</legend>
          ${AUTO_CONFIRM.map((value) => html`
            <label key=${value} class="choice">
              <input type="radio" name="auto_confirm" checked=${form.auto_confirm === value} onChange=${() => change({ auto_confirm: value })} />
              ${t(`manager.ordering.confirm.${value}`)}
            </label>`)}
          ${form.auto_confirm === 'all' && html`
            <label class="choice">
              <input type="checkbox" checked=${form.trust_first_order} onChange=${({ target }) => change({ trust_first_order: target.checked })} />
              ${t('manager.ordering.trust_first')}
            </label>`}
        </fieldset>
        <label class="field">${t('manager.ordering.day_starts_at')}
          <input type="time" required value=${form.day_starts_at} onInput=${({ target }) => change({ day_starts_at: target.value })} />
        </label>
        ${Object.entries(MAXIMA).map(([name, max]) => html`
          <label key=${name} class="field">${t(`manager.ordering.${name}`)}
            <input type="number" required min="0" max=${max} value=${form[name]} onInput=${({ target }) => change({ [name]: target.valueAsNumber })} />
          </label>`)}
        <button class="button main">${t('manager.save')}</button>
      </form>
    <//>
  `;
}
