/**
 * The page's language and its texts: the first of the browser's languages that there are texts for,
 * or the one of `?lang=`. Another language is another file of `texts/`, named here.
 */

import de from './texts/de.js';
import en from './texts/en.js';

const TEXTS = { en, de };
const FILLED_IN = /\{(\w+)\}/g;

const base = (tag) => tag.toLowerCase().split('-')[0];
const wanted = [new URLSearchParams(location.search).get('lang'), ...navigator.languages];

/** As the browser has it, with its region: `de-AT` writes money otherwise than `de`. */
export const locale = wanted.find((tag) => tag && Object.hasOwn(TEXTS, base(tag))) ?? 'en';
export const language = base(locale);

const plurals = new Intl.PluralRules(language);

/** The text `page.name`, with `{values}` filled in and the form that `count` asks for. */
export function t(key, values = {}) {
  return t.maybe(key, values) ?? key;
}

/** The same, or null where there is none. */
t.maybe = (key, values = {}) => {
  const found = key.split('.').reduce((texts, name) => texts?.[name], TEXTS[language]);
  if (found === undefined) return null;
  const text = typeof found === 'string' ? found : (found[plurals.select(values.count)] ?? found.other);
  return text.replace(FILLED_IN, (whole, name) => values[name] ?? whole);
};
