// The requests of the menu editor.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { categoryKeys, categoryOf, withCategory, withItem, withoutCategory, withoutItem } from '../../../web/manager/menu-request.js';

const item = (id) => ({ id, name: `Dish ${id}`, price: '5.00', available: true, allergens: null });
const MENU = {
  version: 7, option_groups: [],
  categories: [{ name: 'Food', items: [item(1), item(2)] }, { name: 'Drinks', items: [item(3)] }],
};
const ids = ({ body }) => body.categories.map(({ name, items }) => [name, ...items.map(({ id }) => id)]);

test('every request has the version of the menu that it changes', () => {
  assert.equal(withoutItem(MENU, 1).body.expected_version, 7);
});

test('a changed dish keeps its place', () => {
  const request = withItem(MENU, { ...item(2), name: 'Pie' }, 'Food');
  assert.deepEqual(ids(request), [['Food', 1, 2], ['Drinks', 3]]);
  assert.equal(request.body.categories[0].items[1].name, 'Pie');
  assert.equal(request.at, 'categories.0.items.1');
  assert.deepEqual(request.body.categories[0].items[0], { id: 1, name: 'Dish 1', price: '5.00' });
});

test('a dish that moves to another category comes last there', () => {
  const request = withItem(MENU, item(1), 'Drinks');
  assert.deepEqual(ids(request), [['Food', 2], ['Drinks', 3, 1]]);
  assert.equal(request.at, 'categories.1.items.1');
});

test('a new dish comes last in its category', () => {
  const { id, ...added } = item(9);
  const request = withItem(MENU, added, 'Food');
  assert.deepEqual(ids(request), [['Food', 1, 2, undefined], ['Drinks', 3]]);
  assert.equal(request.at, 'categories.0.items.2');
});

test('a removed dish is gone, the others stay', () => {
  assert.deepEqual(ids(withoutItem(MENU, 1)), [['Food', 2], ['Drinks', 3]]);
});

test('a category is renamed, moved and sorted in one request', () => {
  const request = withCategory(MENU, 'Food', { name: 'Mains', translations: {}, hours: [], position: 1, itemIds: [2, 1] });
  assert.deepEqual(ids(request), [['Drinks', 3], ['Mains', 2, 1]]);
  assert.deepEqual(Object.keys(request.body.categories[1]), ['name', 'translations', 'hours', 'items']);
});

test('a new category comes last unless it has another position', () => {
  const added = { name: 'Desserts', translations: {}, hours: [], itemIds: [] };
  assert.deepEqual(ids(withCategory(MENU, null, { ...added, position: 2 })).at(-1), ['Desserts']);
  assert.deepEqual(ids(withCategory(MENU, null, { ...added, position: 0 }))[0], ['Desserts']);
});

test('a removed category takes its dishes along', () => {
  assert.deepEqual(ids(withoutCategory(MENU, 'Food')), [['Drinks', 3]]);
});

test('categories of one name have different keys', () => {
  const { categories: [food, drinks], ...menu } = MENU;
  const doubled = { ...menu, categories: [food, { ...drinks, name: 'Food' }] };
  assert.deepEqual(categoryKeys(doubled), ['Food', 'Food (2)']);
  assert.equal(categoryOf(doubled, 3), 'Food (2)');
});

test('a colleague’s changes while an editor is open are kept, and a removed category is reported', () => {
  const form = { name: 'Food', translations: {}, hours: [], position: 0, itemIds: [2, 1] };
  const [food, drinks] = MENU.categories;
  const changed = { ...MENU, categories: [drinks, { ...food, items: [item(2), item(9)] }] };
  assert.deepEqual(ids(withCategory(changed, 'Food', form)), [['Food', 2, 9], ['Drinks', 3]]);
  const removed = { ...MENU, categories: [drinks] };
  assert.equal(withCategory(removed, 'Food', form), null);
  assert.equal(withoutCategory(removed, 'Food'), null);
  assert.equal(withItem(removed, item(1), 'Food'), null);
});
