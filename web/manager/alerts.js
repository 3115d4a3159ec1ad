/** What needs somebody's decision: alerts, calls that nobody hears, tasks. */

import { html, saying, t } from '../shared/app.js';
import { tableName } from '../shared/table-name.js';

const NEWS = ['new_order', 'order_ready', 'payment'];

export function Alerts({ notes, tables, channel, formats, now }) {
  const open = notes.filter((note) => !note.acknowledged_at && !NEWS.includes(note.kind));
  const acknowledge = ({ notification_id }) => saying(channel.request('acknowledge', { notification_id }));
  return html`
    <section class="needs" aria-labelledby="alerts">
      <h2 id="alerts">${t('manager.alerts')} ${open.length > 0 && html`<span class="pill" data-tone="bad">${open.length}</span>`}</h2>
      <ul class="alerts" aria-live="polite">
        ${open.length === 0 && html`<li class="card calm">${t('manager.quiet')}</li>`}
        ${open.map((note) => html`
          <li key=${note.notification_id} class="card row" data-kind=${note.kind}>
            <span class="what">
              <strong>${sentence(note, tables)}</strong>
              <span class="muted small">
                ${formats.minutes(note.created_at, now)}${note.escalated_to ? ` · ${t(`manager.escalated.${note.escalated_to}`)}` : ''}
              </span>
            </span>
            <button class="button" onClick=${() => acknowledge(note)}>${t('manager.noted')}</button>
          </li>`)}
      </ul>
    </section>
  `;
}

function sentence(note, tables) {
  const { kind, reason, message } = note;
  const number = note.table_number && tableName(note, tables);
  if (kind === 'call') return t(`manager.call.${reason}`, { number });
  return number ? `${t('manager.table', { number })}: ${message}` : message;
}
