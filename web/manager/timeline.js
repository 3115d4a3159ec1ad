/** A page of the past, the newest first, with as much before it as one asks for. */

import { html, qr, saying, t, useEffect, useState } from '../shared/app.js';
import { nameOf, sentence } from './sentences.js';

const PAGE = 50;

export function Timeline({ kind, of, path, version, formats, waiters }) {
  const [events, show] = useState(null);
  const load = async (before) => {
    const page = await saying(qr.http.get(`${path}?limit=${PAGE}${before === undefined ? '' : `&before=${before}`}`));
    show((known) => [...(page?.data ?? []), ...(before === undefined ? [] : known)]);
  };
  useEffect(() => {
    load();
  }, [path, version]);
  const first = events?.[0]?.position ?? 0;
  const title = t(`manager.${kind}`);
  return html`
    <section class="timeline" aria-label=${title}>
      <h3>${title}</h3>
      ${events?.length === 0 && html`<p class="muted">${t(kind === 'audit' ? `manager.no_audit.${of}` : 'manager.no_history')}</p>`}
      <ol reversed>
        ${[...(events ?? [])].reverse().map((event) => html`
          <li key=${event.position} data-outcome=${event.outcome}>
            <time datetime=${event.at} class="muted small amount">${formats.time(event.at)}</time>
            <p><strong>${sentence(event, formats)}</strong>
              <span class="muted small by">${t('manager.by', { name: nameOf(event.by, waiters) })}${event.from ? ` · ${event.from}` : ''}</span></p>
          </li>`)}
      </ol>
      ${first > 0 && html`<button class="button quiet" onClick=${() => load(first)}>${t('manager.before')}</button>`}
    </section>
  `;
}
