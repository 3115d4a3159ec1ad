// The pure rules of the staff's pages.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ordersAt } from '../../../web/manager/states.js';
import { tableName } from '../../../web/shared/table-name.js';
import { split, typed } from '../../../web/waiter/split.js';

const tables = [
  { table_id: 1, table_number: '5', zone: 'A', session: { started_at: '2026-01-01T19:00:00Z' } },
  { table_id: 2, table_number: '5', zone: 'B', session: { started_at: '2026-01-01T19:00:00Z' } },
  { table_id: 3, table_number: '6', zone: 'B', session: null },
];

test('tables with the same number are named with their zone', () => {
  assert.deepEqual(tables.map((table) => tableName(table, tables)), ['5 · A', '5 · B', '6']);
  const order = { table_id: 2, table_number: '5', zone: null };
  assert.equal(tableName(order, tables), '5 · B');
  assert.equal(tableName({ table_number: '5' }, tables), '5'); // of an older version, which names no table
});

test('an order belongs to its own table, not to another one with the same number', () => {
  const created_at = '2026-01-01T19:30:00Z';
  const order = { order_id: 1, table_id: 2, table_number: '5', created_at };
  assert.deepEqual(tables.map((table) => ordersAt(table, [order]).length), [0, 1, 0]);
  const older = { ...order, table_id: null };
  assert.deepEqual(tables.map((table) => ordersAt(table, [older]).length), [1, 1, 0]);
});

test('amounts of large currencies are typed and split', () => {
  assert.equal(typed('12500000'), 1_250_000_000);
  assert.equal(typed('10000000000,00'), 1_000_000_000_000);
  assert.equal(typed('12.500.000'), null);
  const orders = [{ order_id: 1, balance: '12000000.00' }, { order_id: 2, balance: '500000.00' }];
  assert.deepEqual(split(1_250_000_000, orders), [
    { order_id: 1, amount: '12000000.00' }, { order_id: 2, amount: '500000.00' },
  ]);
});
