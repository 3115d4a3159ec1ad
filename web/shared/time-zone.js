/** Dates in a restaurant's time zone, also in browsers that do not know that zone. Pure. */

/**
 * A date format; in the device's zone if the browser does not know the given one.
 * @param {string} locale
 * @param {Intl.DateTimeFormatOptions} options
 * @param {string} [timeZone]
 */
export function dateFormat(locale, options, timeZone) {
  try {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone });
  } catch {
    return new Intl.DateTimeFormat(locale, options);
  }
}

/**
 * The date in a time zone, such as `2026-11-30`, as in a restaurant's figures; null while the time is unknown.
 * @param {string} timeZone
 * @param {Date | null} now
 */
export function dateInZone(timeZone, now) {
  return now && dateFormat('en-CA', { dateStyle: 'short' }, timeZone).format(now);
}
