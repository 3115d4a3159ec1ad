/** Closes a session that is not settled. It takes a reason, which is stored in the audit log. */

import { html, notify, qr, t, token, useState, withErrorNotice } from '../shared/app.js';

export function ForceClose({ table }) {
  const [reason, setReason] = useState('');
  const submit = async (event) => {
    event.preventDefault();
    const body = { force: true, reason: reason.trim() };
    if (!(await withErrorNotice(qr.http.post(`/sessions/${table.session.id}/close`, body)))) return;
    notify(t('manager.released', { number: table.table_number }));
  };
  return html`
    <form class="card force-close" onSubmit=${submit}>
      <h3>${t('manager.force')}</h3>
      <p class="muted small" id="force-why">${t('manager.force_why')}</p>
      <label class="field">${t('manager.reason')}
        <input required maxlength="200" autocomplete="off" value=${reason} aria-describedby="force-why"
          onInput=${(event) => setReason(event.target.value)} />
      </label>
      <button class="button danger" disabled=${!reason.trim() || token() === null}>${t('manager.force_now')}</button>
    </form>
  `;
}
