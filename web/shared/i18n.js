/**
 * The page's language: the first of the browser's languages that there are texts for, or the one of
 * `?lang=`. Each page has its texts in `texts/<language>.js`; `mount` loads the one file it needs.
 */

/** The languages that there are texts for, and the direction of their writing. */
const LANGUAGES = { en: 'ltr', de: 'ltr' };
const PLACEHOLDER = /\{(\w+)\}/g;

const base = (tag) => tag.toLowerCase().split('-')[0];
const preferred = [
  new URLSearchParams(location.search).get('lang'),
  ...(navigator.languages ?? [navigator.language]),
];

/** The browser's own tag with its region: `de-AT` formats money differently from `de`. */
export const locale = preferred.find((tag) => tag && Object.keys(LANGUAGES).includes(base(tag))) ?? 'en';
export const language = base(locale);
export const direction = LANGUAGES[language];

const plurals = new Intl.PluralRules(language);
let texts = {};

/** Load the page's texts; `imports` has a function for each language. Until then `t` returns keys. */
export async function loadTexts(imports) {
  texts = (await imports[language]()).default;
}

/** The text `page.name`, with `{values}` filled in and the plural form for `count`. */
export function t(key, values = {}) {
  return t.maybe(key, values) ?? key;
}

/** The same, or null if there is no such text. */
t.maybe = (key, values = {}) => {
  const found = key.split('.').reduce((group, name) => group?.[name], texts);
  if (found === undefined) return null;
  const text = typeof found === 'string' ? found : (found[plurals.select(values.count)] ?? found.other);
  return text.replace(PLACEHOLDER, (whole, name) => values[name] ?? whole);
};
