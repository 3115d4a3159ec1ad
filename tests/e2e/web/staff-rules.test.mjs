// Unit tests of the staff's pages.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { lateOrders, ordersAt } from '../../../web/manager/states.js';
import { orderNumber, totalBalance } from '../../../web/shared/orders.js';
import { tableName } from '../../../web/shared/table-name.js';
import { answeredBills, isServed } from '../../../web/waiter/tasks.js';
import { split, parseAmount } from '../../../web/waiter/payment-split.js';

const tables = [
  { table_id: 1, table_number: '5', zone: 'A', session: { started_at: '2026-01-01T19:00:00Z' } },
  { table_id: 2, table_number: '5', zone: 'B', session: { started_at: '2026-01-01T19:00:00Z' } },
  { table_id: 3, table_number: '6', zone: 'B', session: null },
];

test('tables with the same number are named with their zone', () => {
  assert.deepEqual(tables.map((table) => tableName(table, tables)), ['5 · A', '5 · B', '6']);
  const order = { table_id: 2, table_number: '5', zone: null };
  assert.equal(tableName(order, tables), '5 · B');
  assert.equal(tableName({ table_number: '5' }, tables), '5'); // of an older release, without a table id
});

test('an order belongs to its own table, not to another one with the same number', () => {
  const created_at = '2026-01-01T19:30:00Z';
  const order = { order_id: 1, table_id: 2, table_number: '5', created_at };
  assert.deepEqual(tables.map((table) => ordersAt(table, [order]).length), [0, 1, 0]);
  const older = { ...order, table_id: null };
  assert.deepEqual(tables.map((table) => ordersAt(table, [older]).length), [1, 1, 0]);
});

test('late orders are listed, the longest waiting one first', () => {
  const at = (time, status) => ({ status, created_at: `2026-01-01T${time}:00Z` });
  const orders = [at('19:40', 'pending'), at('19:39', 'ready'), at('19:00', 'delivered'), at('19:41', 'confirmed')];
  const found = lateOrders(orders, new Date('2026-01-01T20:00:00Z'));
  assert.deepEqual(found.map(({ status }) => status), ['ready', 'pending']);
});

test('notices of delivered or cancelled orders are done', () => {
  const note = { kind: 'new_order', order_id: 1 };
  const sessions = (status) => [{ orders: [{ order_id: 1, status }] }];
  const served = ['pending', 'ready', 'delivered', 'cancelled'].map((status) => isServed(note, sessions(status)));
  assert.deepEqual(served, [false, false, true, true]);
  assert.equal(isServed(note, []), false); // its session is unknown
  assert.equal(isServed({ ...note, kind: 'payment' }, sessions('delivered')), false);
});

test('open calls for the bill are resolved once everything ordered is paid', () => {
  const call = { call_id: '1-1', reason: 'bill', status: 'open' };
  const calls = [call, { ...call, call_id: '1-2', reason: 'waiter' }, { ...call, call_id: '1-3', status: 'resolved' }];
  const answered = (total_amount, balance) => answeredBills({ total_amount, balance, calls });
  assert.deepEqual(answered('9.50', '0.00'), [call]);
  assert.deepEqual(answered('9.50', '5.00'), []);
  assert.deepEqual(answered('0.00', '0.00'), []);
});

test('orders are called by their number, older ones by their id', () => {
  assert.equal(orderNumber({ number: 41, order_id: 7 }), 41);
  assert.equal(orderNumber({ number: null, order_id: 7 }), 7);
  assert.equal(orderNumber({ id: 7 }), 7);
});

test('balances add up without rounding', () => {
  assert.equal(totalBalance([{ balance: '0.10' }, { balance: '0.20' }]), '0.30');
});

test('large amounts are parsed and split', () => {
  assert.equal(parseAmount('12500000'), 1_250_000_000);
  assert.equal(parseAmount('10000000000,00'), 1_000_000_000_000);
  assert.equal(parseAmount('12.500.000'), null);
  const orders = [{ order_id: 1, balance: '12000000.00' }, { order_id: 2, balance: '500000.00' }];
  assert.deepEqual(split(1_250_000_000, orders), [
    { order_id: 1, amount: '12000000.00' }, { order_id: 2, amount: '500000.00' },
  ]);
});
