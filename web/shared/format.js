/** Formats of money and time: the restaurant's currency and time zone, the reader's language. */

import { useMemo } from '../vendor/preact-htm.js';
import { locale, t } from './i18n.js';
import { dateFormat } from './time-zone.js';

/**
 * The functions `money('9.50')`, `time(iso)`, `date(iso)` and `minutes(iso, now)` for one restaurant.
 * @param {{currency?: string, timezone?: string}} [restaurant]
 */
export function formats({ currency, timezone } = {}) {
  const currencyFormat = formatIn(currency);
  const surchargeFormat = formatIn(currency, { signDisplay: 'exceptZero' });
  const timeFormat = dateFormat(locale, { hour: '2-digit', minute: '2-digit' }, timezone);
  const dayFormat = dateFormat(locale, { dateStyle: 'medium' }, timezone);
  return {
    money: (amount, isSurcharge = false) => (isSurcharge ? surchargeFormat : currencyFormat).format(amount),
    time: (iso) => timeFormat.format(new Date(iso)),
    date: (iso) => dayFormat.format(new Date(iso)),
    minutes: (since, now) => (now ? t('shared.minutes', { count: minutesBetween(since, now) }) : '–'),
  };
}

/**
 * A format of amounts in a currency; of plain amounts if it is unknown.
 * @param {string} [currency]
 * @param {Intl.NumberFormatOptions} [options]
 */
function formatIn(currency, options) {
  return currency ? new Intl.NumberFormat(locale, { style: 'currency', currency, ...options }) : { format: String };
}

export function useFormats(restaurant) {
  const { currency, timezone } = restaurant ?? {};
  return useMemo(() => formats({ currency, timezone }), [currency, timezone]);
}

/**
 * Whole minutes since then, at least 0; null while the time is unknown.
 * @param {string} since
 * @param {Date | null} now as returned by `useNow`
 */
export function minutesBetween(since, now) {
  return now && Math.max(0, Math.floor((Number(now) - Date.parse(since)) / 60_000));
}
