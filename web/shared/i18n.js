/**
 * The page's language and its texts: the language of `?lang=`, else the first of the browser's languages that
 * the page has texts in, else English. A page's texts are in its `texts/<language>.js`; `mount` loads one of them.
 */

const RIGHT_TO_LEFT = ['ar'];
const PLACEHOLDER = /\{(\w+)\}/g;
const ARABIC_OR_HEBREW = /[\u0590-\u08ff]/;

const base = (tag) => tag.toLowerCase().split('-')[0];
const preferred = [
  new URLSearchParams(location.search).get('lang'),
  ...(navigator.languages ?? [navigator.language]),
];

/** The browser's tag with its region, because `de-AT` formats money differently from `de`. Set by `loadTexts`. */
export let locale = 'en';
export let language = 'en';
export let direction = 'ltr';

let texts = {};
let intl = intlFor(locale);

/** Load the page's texts; `imports` has an import function per language. Until then `t` returns keys. */
export async function loadTexts(imports) {
  locale = preferred.find((tag) => tag && Object.keys(imports).includes(base(tag))) ?? 'en';
  language = base(locale);
  direction = RIGHT_TO_LEFT.includes(language) ? 'rtl' : 'ltr';
  intl = intlFor(locale);
  texts = (await imports[language]()).default;
}

function intlFor(tag) {
  return {
    plurals: new Intl.PluralRules(tag),
    numbers: new Intl.NumberFormat(tag, { useGrouping: false }),
    lists: new Intl.ListFormat(tag, { type: 'unit', style: 'short' }),
  };
}

/** A count in the digits of the page's language. */
export const number = (count) => intl.numbers.format(count);

/** Names as a list, such as `eggs, milk`. */
export const list = (names) => intl.lists.format(names.map(isolated));

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
  const text = typeof found === 'string' ? found : (found[intl.plurals.select(values.count)] ?? found.other);
  return text.replace(PLACEHOLDER, (whole, name) => format(values[name] ?? whole));
};

const format = (value) => (typeof value === 'number' ? number(value) : isolated(value));

/** Wrap a value in isolation marks (FSI, PDI), so that it keeps its direction in a text of the other one. */
function isolated(value) {
  return direction === 'rtl' || ARABIC_OR_HEBREW.test(value) ? `\u2068${value}\u2069` : value;
}
