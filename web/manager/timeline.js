/** The history or the audit log of an entity, the newest entry first, loaded page by page. */

import { html, qr, t, useEffect, useState, withErrorNotice } from '../shared/app.js';
import { eventText, nameOf } from './event-text.js';

const PAGE_SIZE = 50;

export function Timeline({ kind, entity, path, version, formats, waiters }) {
  const [events, setEvents] = useState(null);
  const load = async (before) => {
    const page = await withErrorNotice(qr.http.get(`${path}?limit=${PAGE_SIZE}${before === undefined ? '' : `&before=${before}`}`));
    setEvents((loaded) => [...(page?.data ?? []), ...(before === undefined ? [] : loaded)]);
  };
  useEffect(() => {
    load();
  }, [path, version]);
  const first = events?.[0]?.position ?? 0;
  const title = t(`manager.${kind}`);
  return html`
    <section class="timeline" aria-label=${title}>
      <h3>${title}</h3>
      ${events?.length === 0 && html`<p class="muted">${t(kind === 'audit' ? `manager.no_audit.${entity}` : 'manager.no_history')}</p>`}
      <ol reversed>
        ${[...(events ?? [])].reverse().map((event) => html`
          <li key=${event.position} data-outcome=${event.outcome}>
            <time datetime=${event.at} class="muted small amount">${formats.time(event.at)}</time>
            <p><strong>${eventText(event, formats)}</strong>
              <span class="muted small actor">${t('manager.by', { name: nameOf(event.by, waiters) })}${event.from ? ` · ${event.from}` : ''}</span></p>
          </li>`)}
      </ol>
      ${first > 0 && html`<button class="button quiet" onClick=${() => load(first)}>${t('manager.before')}</button>`}
    </section>
  `;
}
