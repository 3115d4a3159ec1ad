/** Announcements to the whole staff (`broadcast` messages), each shown until it is dismissed. */

import { html, t, useEffect, useStoredState } from '../shared/app.js';

const STORAGE_KEY = 'waiter-broadcasts';
const MAX_SHOWN = 3;

const isSame = (one, other) => one.sent_at === other.sent_at && one.message === other.message;

export function Announcements({ channel, formats }) {
  // The service sends each announcement once and does not store it.
  const [announcements, setAnnouncements] = useStoredState(STORAGE_KEY, []);
  const remove = (announcement) => setAnnouncements((all) => all.filter((each) => !isSame(each, announcement)));
  const add = (announcement) => setAnnouncements( // another tab may have stored it already
    (all) => [...all.filter((each) => !isSame(each, announcement)), announcement].slice(-MAX_SHOWN),
  );
  useEffect(() => channel?.on('broadcast', add), [channel]);
  return html`
    <div class="announcements" role="status">
      ${announcements.map((announcement) => html`
        <p key=${announcement.sent_at} class="card row">
          <span>
            <strong>${announcement.message}</strong> <span class="muted small">${formats.time(announcement.sent_at)}</span>
          </span>
          <button class="button quiet icon" aria-label=${t('waiter.put_away')}
            onClick=${() => remove(announcement)}>✕</button>
        </p>`)}
    </div>
  `;
}
