/** Form fields of the times at which a dish or a category is served. */

import { html, locale, t } from '../shared/app.js';
import { Choices, FieldError } from './form.js';

const DAYS = [1, 2, 3, 4, 5, 6, 7];
const NEW_HOURS = { days: DAYS, from: '11:00', to: '15:00' };
/** The locale is known once the texts are loaded. */
const dayName = (day) => new Date(Date.UTC(2026, 0, 4 + day)) // 2026-01-05 is a Monday
  .toLocaleDateString(locale, { weekday: 'short', timeZone: 'UTC' });

export function HoursFields({ hours, error, onChange }) {
  const set = (index, fields) => onChange(hours.map((each, at) => (at === index ? { ...each, ...fields } : each)));
  return html`
    <fieldset class="group">
      <legend>${t('manager.hours')}</legend>
      ${hours.length === 0 && html`<p class="muted small">${t('manager.always')}</p>`}
      ${hours.map(({ days, from, to }, index) => html`
        <div key=${index} class="fields" role="group" aria-label=${`${from}–${to}`}>
          <div role="group" aria-label=${t('manager.days')}><${Choices} all=${DAYS} values=${days} nameOf=${dayName} onChange=${(chosen) => set(index, { days: chosen.sort() })} /></div>
          <label class="field">${t('manager.from')}
            <input type="time" required value=${from} onInput=${({ target }) => set(index, { from: target.value })} /></label>
          <label class="field">${t('manager.until')}
            <input type="time" required value=${to} onInput=${({ target }) => set(index, { to: target.value })} /></label>
          <button type="button" class="button quiet" aria-label="${t('manager.remove')}: ${from}–${to}"
            onClick=${() => onChange(hours.filter((_, at) => at !== index))}>${t('manager.remove')}</button>
        </div>`)}
      <button type="button" class="button" onClick=${() => onChange([...hours, NEW_HOURS])}>${t('manager.add_hours')}</button>
      <${FieldError} name="hours" error=${error} />
    </fieldset>
  `;
}
