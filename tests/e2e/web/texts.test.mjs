// The texts of the pages: languages have the same keys, keys in the code exist, and every text is used.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import ts from 'typescript';

const WEB = new URL('../../../web/', import.meta.url);
const PLURAL_FORMS = ['zero', 'one', 'two', 'few', 'many', 'other'];
const PAGES = readdirSync(WEB).filter((name) => name !== 'shared' && list(`${name}/`).includes('texts'));

function list(folder) {
  try {
    return readdirSync(new URL(folder, WEB));
  } catch {
    return [];
  }
}

/** Keys and texts of nested objects. */
function entries(texts, key = '') {
  if (typeof texts === 'string') return [[key, texts]];
  if (Object.keys(texts).every((name) => PLURAL_FORMS.includes(name))) {
    return [[key, Object.values(texts).join(' ')]];
  }
  return Object.entries(texts).flatMap(([name, within]) => entries(within, key ? `${key}.${name}` : name));
}

const placeholders = (text) => [...new Set(text.match(/\{\w+\}/g))].sort().join(' ');

async function textsOf(page, language) {
  return new Map(entries((await import(new URL(`${page}/texts/${language}.js`, WEB))).default));
}

/** Text keys in the code, each as the literal parts around its `${…}`, which match one or more parts of a key. */
function patternsIn(folder) {
  const patterns = [];
  for (const name of list(folder).filter((each) => each.endsWith('.js'))) {
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
    assert.ok(languages.length > 1);
    for (const shape of shapes) assert.deepEqual(shape, shapes[0]);
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
