// The texts of the pages: languages have the same keys, keys in the code exist, and every text is used. How `t` fills in texts.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import ts from 'typescript';

const WEB = new URL('../../../web/', import.meta.url);
const GUEST_LANGUAGES = ['ar', 'de', 'en', 'es', 'fr', 'it'];
const STAFF_LANGUAGES = ['de', 'en'];
const PLURAL_FORMS = ['zero', 'one', 'two', 'few', 'many', 'other'];
const PAGES = readdirSync(WEB).filter((name) => name !== 'shared' && list(`${name}/`).includes('texts'));

function list(folder) {
  try {
    return readdirSync(new URL(folder, WEB));
  } catch {
    return [];
  }
}

const hasPlurals = (texts) => Object.keys(texts).every((name) => PLURAL_FORMS.includes(name));

/** Keys and texts of nested objects. */
function entries(texts, key = '') {
  if (typeof texts === 'string') return [[key, texts]];
  if (hasPlurals(texts)) return [[key, Object.values(texts).join(' ')]];
  return Object.entries(texts).flatMap(([name, within]) => entries(within, key ? `${key}.${name}` : name));
}

/** Keys of texts with plural forms, and the forms' names. */
function plurals(texts, key = '') {
  if (typeof texts === 'string') return [];
  if (hasPlurals(texts)) return [[key, Object.keys(texts)]];
  return Object.entries(texts).flatMap(([name, within]) => plurals(within, key ? `${key}.${name}` : name));
}

const placeholders = (text) => [...new Set(text.match(/\{\w+\}/g))].sort().join(' ');

async function load(page, language) {
  return (await import(new URL(`${page}/texts/${language}.js`, WEB))).default;
}

async function textsOf(page, language) {
  return new Map(entries(await load(page, language)));
}

/** Text keys in the code, each as the literal parts around its `${…}`, which match one or more parts of a key. */
function patternsIn(folder) {
  const patterns = [];
  const files = readdirSync(new URL(folder, WEB), { recursive: true });
  for (const name of files.filter((each) => each.endsWith('.js') && !each.startsWith('texts/'))) {
    const code = readFileSync(new URL(folder + name, WEB), 'utf8');
    ts.forEachChild(ts.createSourceFile(name, code, ts.ScriptTarget.Latest), function visit(node) {
      if (ts.isStringLiteralLike(node)) patterns.push([node.text]);
      if (ts.isTemplateExpression(node)) {
        patterns.push([node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)]);
      }
      ts.forEachChild(node, visit);
    });
  }
  return patterns.filter(([head]) => /^[a-z]+\./.test(head) && !/[\s/]/.test(head));
}

function matches(parts) {
  const quoted = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${quoted.join('[A-Za-z_.]+')}$`);
}

for (const page of PAGES) {
  const languages = list(`${page}/texts/`).map((name) => name.replace('.js', ''));
  const patterns = [...patternsIn(`${page}/`), ...patternsIn('shared/')];

  test(`${page}: every language has the same texts with the same placeholders`, async () => {
    const shapes = await Promise.all(languages.map(async (language) =>
      [...await textsOf(page, language)].map(([key, text]) => `${key} ${placeholders(text)}`)));
    assert.deepEqual(languages.sort(), page === 'guest' ? GUEST_LANGUAGES : STAFF_LANGUAGES);
    for (const shape of shapes) assert.deepEqual(shape, shapes[0]);
  });

  test(`${page}: every text that depends on a count has the plural forms of its language, or one for all`, async () => {
    for (const language of languages) {
      const rules = new Intl.PluralRules(language);
      const needed = [...new Set(Array.from({ length: 101 }, (_, count) => rules.select(count)))].sort();
      for (const [key, forms] of plurals(await load(page, language))) {
        assert.deepEqual(forms.length > 1 ? forms.sort() : needed, needed, `${key} in ${language}`);
        assert.ok(forms.includes('other'), `${key} in ${language}`);
      }
    }
  });

  test(`${page}: every text key in the code exists`, async () => {
    const keys = [...(await textsOf(page, 'en')).keys()];
    const own = patterns.filter(([head]) => [page, 'shared'].includes(head.split('.')[0]));
    const missing = own.filter((parts) => !keys.some((key) => matches(parts).test(key)));
    assert.deepEqual(missing.map((parts) => parts.join('${…}')), []);
  });

  test(`${page}: every text is used`, async () => {
    const keys = [...(await textsOf(page, 'en')).keys()].filter((key) => key.startsWith(`${page}.`));
    const unused = keys.filter((key) => !patterns.some((parts) => matches(parts).test(key)));
    assert.deepEqual(unused, []);
  });
}

test('every shared text is used by some page', async () => {
  const patterns = ['shared', ...PAGES].flatMap((folder) => patternsIn(`${folder}/`));
  const { default: shared } = await import(new URL('shared/texts/en.js', WEB));
  const unused = entries({ shared }).map(([key]) => key)
    .filter((key) => !patterns.some((parts) => matches(parts).test(key)));
  assert.deepEqual(unused, []);
});

/** `i18n.js` as a browser with these languages has it, and the texts that it has loaded. */
async function i18n(languages, search = '') {
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { languages } });
  globalThis.location = { search };
  const module = await import(new URL(`shared/i18n.js?${languages}${search}`, WEB));
  await module.loadTexts(Object.fromEntries(GUEST_LANGUAGES.map((language) =>
    [language, () => import(new URL(`guest/texts/${language}.js`, WEB))])));
  return module;
}

test('a page is in the first of the reader’s languages that it has texts in, or in the one of its address', async () => {
  const chosen = async (...browser) => {
    const { language, locale, direction } = await i18n(...browser);
    return [language, locale, direction];
  };
  assert.deepEqual(await chosen(['nl', 'fr-CA', 'en']), ['fr', 'fr-CA', 'ltr']);
  assert.deepEqual(await chosen(['ar-AE']), ['ar', 'ar-AE', 'rtl']);
  assert.deepEqual(await chosen(['fr'], '?lang=es'), ['es', 'es', 'ltr']);
  assert.deepEqual(await chosen(['nl']), ['en', 'en', 'ltr']);
});

test('a count has the plural form and the digits of the reader’s language', async () => {
  const baskets = async (locale) => {
    const { t } = await i18n([locale]);
    return [1, 2, 3, 11, 100].map((count) => t('guest.basket.open', { count }));
  };
  assert.deepEqual(await baskets('ar-EG'),
    ['السلة · صنف واحد', 'السلة · صنفان', 'السلة · ٣ أصناف', 'السلة · ١١ صنفًا', 'السلة · ١٠٠ صنف']);
  assert.equal((await baskets('ar-AE'))[2], 'السلة · 3 أصناف');
  assert.equal((await baskets('it'))[0], 'Carrello · 1 articolo');
});

test('names of the other writing direction are isolated in a sentence', async () => {
  const contains = async (locale, names) => {
    const { list, t } = await i18n([locale]);
    return t('shared.allergen_info.contains', { names: list(names) });
  };
  assert.equal(await contains('en', ['milk', 'eggs']), 'Contains: milk, eggs');
  assert.equal(await contains('en', ['حليب']), 'Contains: \u2068\u2068حليب\u2069\u2069');
  assert.equal(await contains('ar', ['Milk']), 'يحتوي على: \u2068\u2068Milk\u2069\u2069');
});
