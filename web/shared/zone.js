/** Dates in a restaurant's time zone, also in browsers that are older than the zone. Pure. */

/**
 * A format for dates; in the machine's own zone if the browser does not know the given one.
 * @param {string} locale
 * @param {Intl.DateTimeFormatOptions} options
 * @param {string} [timeZone]
 */
export function inZone(locale, options, timeZone) {
  try {
    return new Intl.DateTimeFormat(locale, { ...options, timeZone });
  } catch {
    return new Intl.DateTimeFormat(locale, options);
  }
}

/**
 * The day at a place, as the restaurant's figures name days: `2026-11-30`. Null while the time is unknown.
 * @param {string} timeZone
 * @param {Date | null} now
 */
export function dayAt(timeZone, now) {
  return now && inZone('en-CA', { dateStyle: 'short' }, timeZone).format(now);
}
