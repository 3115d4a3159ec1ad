/** The menu as a file: download it, choose another one, see line by line what it would change, publish it. */

import { newRequestId } from '../client/requests.js';
import { errorMessage, html, locale, notify, qr, Sheet, t, useState, withErrorNotice } from '../shared/app.js';

const TYPES = { csv: 'text/csv', json: 'application/json' };
const OUTCOMES = ['new', 'changed', 'deleted', 'unchanged'];
const MAX_SHOWN = 200;
const NOTHING_CHOSEN = { file: null, replaces: false, isBusy: false, report: null, wrong: [] };

export function MenuFile({ id, onClose }) {
  const [chosen, choose] = useState(NOTHING_CHOSEN);
  const { file, replaces, isBusy, report, wrong } = chosen;
  const check = async (changes) => {
    const next = { ...chosen, ...changes, isBusy: false, report: null, wrong: [] };
    if (!next.file) {
      choose(next);
      return;
    }
    choose({ ...next, isBusy: true });
    choose({ ...next, ...await dryRun(id, next) });
  };
  const publish = async (event) => {
    event.preventDefault();
    choose({ ...chosen, isBusy: true });
    try {
      const options = { replace: replaces, expected_version: report.version };
      await qr.http.post(importPath(id, file, options), file, { key: report.key });
    } catch (error) {
      notify(errorMessage(error), 'bad');
      if (error.code === 'version_conflict') check({});
      else choose({ ...chosen, isBusy: false });
      return;
    }
    notify(t('manager.menu_file.published'));
    onClose();
  };
  return html`
    <${Sheet} size="wide" title=${t('manager.menu_file.title')} onClose=${onClose}>
      <div class="row">${Object.keys(TYPES).map((format) => html`
        <button key=${format} class="button" onClick=${() => download(id, format)}>
          ${t('manager.menu_file.download', { format: format.toUpperCase() })}</button>`)}
      </div>
      <p class="muted small">${t('manager.menu_file.about')}</p>
      <form onSubmit=${publish}>
        <label class="field">${t('manager.menu_file.choose')}
          <input type="file" accept=".csv,.tsv,.txt,.json" disabled=${isBusy}
            onClick=${(event) => { event.target.value = ''; }}
            onChange=${(event) => check({ file: event.target.files[0] ?? null })} />
        </label>
        <label class="choice">
          <input type="checkbox" checked=${replaces} disabled=${isBusy} onChange=${() => check({ replaces: !replaces })} />
          ${t('manager.menu_file.replace')}
        </label>
        <div class="devices" aria-live="polite">
          ${file && html`<p><strong>${file.name}</strong></p>`}
          ${wrong.length > 0 && html`<${Wrong} rows=${wrong} />`}
          ${report && html`<p>${t('manager.menu_file.counts', report)}</p>`}
          ${report && OUTCOMES.map((outcome) => html`
            <${Outcome} key=${outcome} outcome=${outcome} rows=${report.rows.filter((row) => row.outcome === outcome)} />`)}
        </div>
        <button class="button main" aria-busy=${isBusy}
          disabled=${isBusy || !report?.would_change || wrong.length > 0}>${t('manager.menu_file.publish')}</button>
      </form>
    <//>
  `;
}

function Wrong({ rows }) {
  return html`
    <section>
      <p class="form-error">${t('manager.menu_file.wrong', { count: rows.length })}</p>
      <ul>${rows.slice(0, MAX_SHOWN).map(({ line, error }, index) => html`
        <li key=${index} class="row">
          <span>${line && html`<strong>${t('manager.menu_file.line', { line })}</strong>`} ${error}</span>
        </li>`)}
      </ul>
      <${More} count=${rows.length - MAX_SHOWN} />
    </section>
  `;
}

function Outcome({ outcome, rows }) {
  if (rows.length === 0) return null;
  return html`
    <details open=${outcome !== 'unchanged'}>
      <summary>${t(`manager.menu_file.outcome.${outcome}`)} (${rows.length})</summary>
      <ul>${rows.slice(0, MAX_SHOWN).map(({ line, name, changes }, index) => html`
        <li key=${index} class="row">
          <span>
            ${line && html`<span class="muted small">${t('manager.menu_file.line', { line })}</span>`} <strong>${name}</strong>
          </span>
          <span class="small">${Object.entries(changes).map(changeText).join(', ')}</span>
        </li>`)}
      </ul>
      <${More} count=${rows.length - MAX_SHOWN} />
    </details>
  `;
}

function More({ count }) {
  return count > 0 && html`<p class="muted small">${t('manager.menu_file.more', { count })}</p>`;
}

/** What would change; a refusal is a list of wrong lines, perhaps of one without a number. */
async function dryRun(id, { file, replaces }) {
  try {
    const path = importPath(id, file, { replace: replaces, dry_run: true });
    const { version, data } = await qr.http.post(path, file);
    return { wrong: data.wrong, report: { ...data, version, key: newRequestId() } };
  } catch (error) {
    return { wrong: error.details?.wrong ?? [{ line: null, error: errorMessage(error) }], report: null };
  }
}

function importPath(id, file, options) {
  const format = file.name.toLowerCase().endsWith('.json') ? 'json' : 'csv';
  return `/restaurants/${id}/menu/import?${new URLSearchParams({ format, ...options })}`;
}

function changeText([field, { from, to }]) {
  const name = t.maybe(`manager.menu_file.field.${field}`) ?? field;
  const isShort = [from, to].every((value) => typeof value === 'string' || typeof value === 'number');
  return isShort ? `${name}: ${from} → ${to}` : name;
}

async function download(id, format) {
  const decimal = (0.5).toLocaleString(locale).includes(',') ? 'comma' : 'point';
  const path = `/restaurants/${id}/menu/export?format=${format}&decimal=${decimal}`;
  const text = await withErrorNotice(qr.http.text(path, TYPES[format]));
  if (text === undefined) return;
  const mark = format === 'csv' ? '\ufeff' : ''; // which reading the text has removed
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([mark, text], { type: TYPES[format] }));
  link.download = `menu-${id}.${format}`;
  link.click();
}
