/** What the management says to everybody, until it is put away. */

import { html, recall, remember, t, useEffect, useState } from '../shared/app.js';

const KEY = 'waiter-broadcasts';

export function Broadcasts({ channel, formats }) {
  const [heard, hear] = useState(() => recall(KEY, []));
  useEffect(() => remember(KEY, heard), [heard]); // the service announces it once, and stores nothing
  useEffect(
    () => channel?.on('broadcast', (said) => hear((before) => [...before.slice(-2), said])),
    [channel],
  );
  const putAway = (said) => hear((before) => before.filter((each) => each !== said));
  return html`
    <div class="broadcasts" role="status">
      ${heard.map((said) => html`
        <p key=${said.sent_at} class="card row">
          <span><strong>${said.message}</strong> <span class="muted small">${formats.time(said.sent_at)}</span></span>
          <button class="button quiet icon" aria-label=${t('waiter.put_away')}
            onClick=${() => putAway(said)}>✕</button>
        </p>`)}
    </div>
  `;
}
