/** When dishes are served: `hours` are `{ days, from, to }` in the restaurant's time zone, day 1 is Monday. Pure. */

import { dateFormat } from '../time-zone.js';

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
/** A Monday, to format days and times of day. */
const MONDAY = Date.UTC(2026, 0, 5);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Whether a time is within hours; none mean always. `to` is on the next day if it is not later than `from`. */
export function isServed(hours, now, timezone) {
  if (!hours?.length || !now) return true;
  const parts = dateFormat('en-GB', { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, timezone).formatToParts(now);
  const part = (name) => parts.find(({ type }) => type === name).value;
  const today = DAYS.indexOf(part('weekday')) + 1;
  const yesterday = today === 1 ? 7 : today - 1;
  const clock = `${part('hour')}:${part('minute')}`;
  return hours.some(({ days, from, to }) => (from < to
    ? days.includes(today) && from <= clock && clock < to
    : (days.includes(today) && clock >= from) || (days.includes(yesterday) && clock < to)));
}

/** Hours such as `Mon–Fri, 11:00–15:00`, in a language. */
export function hoursText(hours, locale) {
  const dayFormat = new Intl.DateTimeFormat(locale, { weekday: 'short', timeZone: 'UTC' });
  const timeFormat = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
  const day = (number) => dayFormat.format(MONDAY + (number - 1) * DAY_MS);
  const time = (text) => {
    const [hour, minute] = text.split(':').map(Number);
    return timeFormat.format(MONDAY + (hour * 60 + minute) * MINUTE_MS);
  };
  return hours.map(({ days, from, to }) => {
    const names = days.length === 7 ? [] : runs(days).map(([first, last]) => (first === last ? day(first) : `${day(first)}–${day(last)}`));
    return [...names, `${time(from)}–${time(to)}`].join(', ');
  }).join('; ');
}

/** Ascending numbers as `[first, last]` of each run without gaps. */
function runs(numbers) {
  const found = [];
  for (const number of numbers) {
    const run = found.at(-1);
    if (run && run[1] === number - 1) run[1] = number;
    else found.push([number, number]);
  }
  return found;
}

/** The menu as guests can order it now: dishes outside their hours are not available, and have `servedAt`. */
export function atTime(menu, now, locale) {
  const { timezone } = menu;
  return {
    ...menu,
    categories: menu.categories.map((category) => ({
      ...category,
      items: category.items.map((item) => {
        const closed = [item.hours, category.hours].find((hours) => !isServed(hours, now, timezone));
        return closed && item.available ? { ...item, available: false, servedAt: hoursText(closed, locale) } : item;
      }),
    })),
  };
}
