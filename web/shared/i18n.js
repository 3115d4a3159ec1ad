/**
 * The page's language and its texts: the language of `?lang=`, else the first of the browser's languages that
 * has texts, else English. A page's texts are in its `texts/<language>.js`; `mount` loads one of them.
 */

/** The supported languages and their writing direction. */
const LANGUAGES = { en: 'ltr', de: 'ltr' };
const PLACEHOLDER = /\{(\w+)\}/g;

const base = (tag) => tag.toLowerCase().split('-')[0];
const preferred = [
  new URLSearchParams(location.search).get('lang'),
  ...(navigator.languages ?? [navigator.language]),
];

/** The browser's tag with its region, because `de-AT` formats money differently from `de`. */
export const locale = preferred.find((tag) => tag && Object.keys(LANGUAGES).includes(base(tag))) ?? 'en';
export const language = base(locale);
export const direction = LANGUAGES[language];

const plurals = new Intl.PluralRules(language);
let texts = {};

/** Load the page's texts; `imports` has an import function per language. Until then `t` returns keys. */
export async function loadTexts(imports) {
  texts = (await imports[language]()).default;
}

/**
 * The text of a key such as `page.name`, with `{placeholders}` filled in and the plural form for `count`; the key
 * itself if there is no text.
 */
export function t(key, values = {}) {
  return t.maybe(key, values) ?? key;
}

/** As `t`, but null if there is no text. */
t.maybe = (key, values = {}) => {
  const found = key.split('.').reduce((group, name) => group?.[name], texts);
  if (found === undefined) return null;
  const text = typeof found === 'string' ? found : (found[plurals.select(values.count)] ?? found.other);
  return text.replace(PLACEHOLDER, (whole, name) => values[name] ?? whole);
};
