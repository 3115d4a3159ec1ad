/** Announcements of the management, each until it is dismissed. */

import { html, t, useEffect, useStored } from '../shared/app.js';

const KEY = 'waiter-broadcasts';

const isSame = (one, other) => one.sent_at === other.sent_at && one.message === other.message;

export function Broadcasts({ channel, formats }) {
  const [broadcasts, setBroadcasts] = useStored(KEY, []); // the service sends each once, and stores none
  useEffect(
    () => channel?.on('broadcast', (broadcast) => setBroadcasts((earlier) => [...earlier.slice(-2), broadcast])),
    [channel],
  );
  const dismiss = (broadcast) => setBroadcasts((all) => all.filter((each) => !isSame(each, broadcast)));
  return html`
    <div class="broadcasts" role="status">
      ${broadcasts.map((broadcast) => html`
        <p key=${broadcast.sent_at} class="card row">
          <span><strong>${broadcast.message}</strong> <span class="muted small">${formats.time(broadcast.sent_at)}</span></span>
          <button class="button quiet icon" aria-label=${t('waiter.put_away')}
            onClick=${() => dismiss(broadcast)}>✕</button>
        </p>`)}
    </div>
  `;
}
