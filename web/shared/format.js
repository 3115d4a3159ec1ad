/** Money and time as the restaurant has them, in the reader's language. */

import { useMemo } from '../vendor/preact-htm.js';
import { locale, t } from './i18n.js';
import { inZone } from './zone.js';

/**
 * `money('9.50')`, `time(iso)`, `date(iso)` and `minutes(iso, now)` for one restaurant.
 * @param {{currency?: string, timezone?: string}} [restaurant]
 */
export function formats({ currency, timezone } = {}) {
  const amounts = currency && new Intl.NumberFormat(locale, { style: 'currency', currency });
  const times = clock({ hour: '2-digit', minute: '2-digit' }, timezone);
  const dates = clock({ dateStyle: 'medium' }, timezone);
  return {
    money: (amount) => (amounts ? amounts.format(amount) : String(amount)),
    time: (when) => times.format(new Date(when)),
    date: (when) => dates.format(new Date(when)),
    minutes: (since, now) => (now ? t('shared.minutes', { count: minutesBetween(since, now) }) : '–'),
  };
}

export function useFormats(place) {
  const { currency, timezone } = place ?? {};
  return useMemo(() => formats({ currency, timezone }), [currency, timezone]);
}

/**
 * Whole minutes, never fewer than none; null while the time is unknown.
 * @param {string} since
 * @param {Date | null} now as of `useNow`
 */
export function minutesBetween(since, now) {
  return now && Math.max(0, Math.floor((Number(now) - Date.parse(since)) / 60_000));
}

function clock(options, timeZone) {
  return inZone(locale, options, timeZone);
}
