// The texts of the pages: each language says everything that the first one says.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';

const FOLDER = new URL('../../../web/shared/texts/', import.meta.url);
const languages = readdirSync(FOLDER);

/** `page.text` of each text, with the values that are filled in. */
function said(texts, path = '') {
  if (typeof texts === 'string') return [`${path} ${[...new Set(texts.match(/\{\w+\}/g))].sort().join(' ')}`];
  return Object.entries(texts).flatMap(([name, within]) => said(within, `${path}.${name}`));
}

test('every language has every text', async () => {
  const [first, ...others] = await Promise.all(languages.map((name) => import(new URL(name, FOLDER))));
  for (const other of others) assert.deepEqual(said(other.default), said(first.default));
  assert.ok(others.length > 0);
});
