/** Freeing a table that is not settled: only with a reason, which goes on record. */

import { html, qr, saying, t, tell, token, useState } from '../shared/app.js';

export function Force({ table }) {
  const [reason, setReason] = useState('');
  const force = async (event) => {
    event.preventDefault();
    const body = { force: true, reason: reason.trim() };
    if (!(await saying(qr.http.post(`/sessions/${table.session.id}/close`, body)))) return;
    tell(t('manager.released', { number: table.table_number }));
  };
  return html`
    <form class="card force" onSubmit=${force}>
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
