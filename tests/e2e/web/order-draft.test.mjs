// The pure rules of the waiter's order pad, and of serving hours.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MAX_QUANTITY } from '../../../web/shared/menu/pricing.js';
import { findItems } from '../../../web/shared/menu/search.js';
import { atTime, hoursText, isServed } from '../../../web/shared/menu/serving-hours.js';
import {
  countOf, frequentItems, lastLineOf, linesOf, requestLine, withChange, withOrdered, withPieces,
} from '../../../web/waiter/order-draft.js';

const TEA = { menu_item_id: 1, options: [] };
const RARE = { menu_item_id: 2, options: [{ option_id: 5, quantity: 1 }] };
const quantities = (lines) => lines.map(({ id, quantity }) => [id, quantity]);

test('one more of the same dish and options raises its line, other options begin a line', () => {
  let lines = withPieces([], TEA, 1);
  lines = withPieces(lines, RARE, 1);
  lines = withPieces(lines, TEA, 2);
  assert.deepEqual(quantities(lines), [[1, 3], [2, 1]]);
  assert.equal(countOf(lines, 1), 3);
});

test('a line with notes is not raised by one without', () => {
  let lines = withPieces([], TEA, 1);
  lines = withChange(lines, 1, { notes: 'No sugar' });
  lines = withPieces(lines, TEA, 1);
  assert.deepEqual(lines.map(({ notes, quantity }) => [notes, quantity]), [['No sugar', 1], ['', 1]]);
});

test('the last piece of a line takes the line away, and no line exceeds the maximum', () => {
  let lines = withPieces(withPieces([], TEA, 1), RARE, 1);
  lines = withPieces(lines, lastLineOf(lines, 1), -1);
  assert.deepEqual(lines.map(({ menu_item_id }) => menu_item_id), [2]);
  assert.equal(withPieces(lines, RARE, 500)[0].quantity, MAX_QUANTITY);
});

test('"fewer" takes from the last line of a dish', () => {
  let lines = withChange(withPieces([], TEA, 1), 1, { notes: 'No sugar' });
  lines = withPieces(lines, TEA, 1);
  lines = withPieces(lines, lastLineOf(lines, 1), -1);
  assert.deepEqual(lines.map(({ notes }) => notes), ['No sugar']);
});

test('a line is sent with the fields of the protocol alone', () => {
  const [line] = withPieces([], { ...RARE, price: '24.00' }, 2);
  assert.deepEqual(requestLine(line), { ...RARE, quantity: 2, notes: '' });
});

test('a round is repeated without free text and without what was cancelled', () => {
  const item = (fields) => ({ menu_item_id: 1, quantity: 1, notes: '', options: [], status: 'pending', ...fields });
  const items = [
    item({ quantity: 2, options: [{ option_id: 5, name: 'Rare', quantity: 1, price: '0.00' }] }),
    item({ menu_item_id: null }), item({ status: 'voided' }), item({ notes: 'Hot' }),
  ];
  assert.deepEqual(linesOf({ items }), [
    { menu_item_id: 1, quantity: 2, notes: '', options: [{ option_id: 5, quantity: 1 }] },
    { menu_item_id: 1, quantity: 1, notes: 'Hot', options: [] },
  ]);
});

test('the search finds words by their beginnings, without accents and in any order', () => {
  const items = ['Crème brûlée', 'Ice cream', 'Beef & bean chili'].map((name, index) => ({ id: index, name }));
  const found = (text) => findItems(items, text).map(({ name }) => name);
  assert.deepEqual(found('bru cre'), ['Crème brûlée']);
  assert.deepEqual(found('CREA'), ['Ice cream']);
  assert.deepEqual(found('bean be'), ['Beef & bean chili']);
  assert.deepEqual(found('eam'), []);
});

test('the dishes that were ordered most come first', () => {
  const items = [1, 2, 3].map((id) => ({ id }));
  const counts = withOrdered({ 1: 2 }, [{ menu_item_id: 3, quantity: 5 }, { menu_item_id: 9, quantity: 1 }]);
  assert.deepEqual(frequentItems(items, counts).map(({ id }) => id), [3, 1]);
});

const rome = (text) => new Date(`2026-01-${text}:00+01:00`); // the 5th is a Monday

for (const [from, to, days, at, expected] of [
  ['11:00', '15:00', [1], '05T11:00', true],
  ['11:00', '15:00', [1], '05T15:00', false],
  ['11:00', '15:00', [1], '06T12:00', false],
  ['22:00', '02:00', [7], '05T01:59', true],
  ['22:00', '02:00', [1], '05T01:59', false],
  ['22:00', '02:00', [1], '05T23:00', true],
]) {
  test(`a dish for days ${days} from ${from} to ${to} is ${expected ? '' : 'not '}served at ${at} in Rome`, () => {
    assert.equal(isServed([{ days, from, to }], rome(at), 'Europe/Rome'), expected);
  });
}

test('without hours, or while the time is unknown, a dish is served', () => {
  assert.equal(isServed([], rome('05T12:00'), 'Europe/Rome'), true);
  assert.equal(isServed([{ days: [2], from: '11:00', to: '12:00' }], null, 'Europe/Rome'), true);
});

test('hours are written with their days, which are left out if they are all', () => {
  const weekdays = { days: [1, 2, 3, 5], from: '11:00', to: '15:00' };
  assert.equal(hoursText([weekdays], 'de'), 'Mo–Mi, Fr, 11:00–15:00');
  assert.equal(hoursText([{ ...weekdays, days: [1, 2, 3, 4, 5, 6, 7] }], 'de'), '11:00–15:00');
});

test('a menu at a time has no dishes outside their hours, or those of their category', () => {
  const lunch = [{ days: [1], from: '11:00', to: '15:00' }];
  const menu = {
    timezone: 'Europe/Rome',
    categories: [
      { name: 'Lunch', hours: lunch, items: [{ id: 1, available: true, hours: [] }] },
      { name: 'All day', hours: [], items: [{ id: 2, available: true, hours: lunch }, { id: 3, available: true }] },
    ],
  };
  const at = (time) => atTime(menu, rome(time), 'de').categories.flatMap(({ items }) => items.map(({ available }) => available));
  assert.deepEqual(at('05T12:00'), [true, true, true]);
  assert.deepEqual(at('05T16:00'), [false, false, true]);
});
