// The pure rules of the staff's pages.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { late } from '../../../web/manager/states.js';
import { balanceOf, isLeftBehind, ordersAt } from '../../../web/shared/orders.js';
import { tableName } from '../../../web/shared/table-name.js';
import { answeredBills, isOver, isServed } from '../../../web/waiter/notes.js';
import { split, typed } from '../../../web/waiter/split.js';
import { partyAt, stateOf } from '../../../web/waiter/tables.js';

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

test('an order is left behind once its party has left the table', () => {
  const [during, before] = ['2026-01-01T19:30:00Z', '2026-01-01T18:30:00Z'];
  const left = (table_id, created_at) => isLeftBehind({ table_id, created_at }, tables);
  assert.deepEqual([left(1, during), left(1, before), left(3, during)], [false, true, true]);
  assert.deepEqual([left(null, during), left(9, during)], [false, false]); // its table is not known
});

test('a table that is not followed has its state and balance from its restaurant', () => {
  const [table] = tables.map((each) => ({ ...each, is_occupied: true }));
  const rows = (status) => [{ order_id: 1, table_id: 1, status, balance: '9.50', created_at: '2026-01-01T19:30:00Z' }];
  const states = ['pending', 'ready', 'delivered'].map((status) => stateOf(table, partyAt(table, rows(status))));
  assert.deepEqual(states, ['waiting', 'ready', 'paying']);
  assert.equal(partyAt(table, rows('ready')).balance, '9.50');
  assert.equal(stateOf(table, partyAt(table, [])), 'seated');
});

test('orders that wait as long as a table that waits long are listed, the longest first', () => {
  const at = (time, status) => ({ status, created_at: `2026-01-01T${time}:00Z` });
  const orders = [at('19:40', 'pending'), at('19:39', 'ready'), at('19:00', 'delivered'), at('19:41', 'confirmed')];
  const found = late(orders, new Date('2026-01-01T20:00:00Z'));
  assert.deepEqual(found.map(({ status }) => status), ['ready', 'pending']);
});

test('notices of orders that are done, or whose party has left, ask for nothing more', () => {
  const note = { kind: 'new_order', order_id: 1, table_id: 1, created_at: '2026-01-01T19:30:00Z' };
  const party = (status) => [{ orders: [{ order_id: 1, status }] }];
  const home = { tables: { list: tables }, open_orders: [] };
  const served = ['pending', 'ready', 'delivered', 'cancelled'].map((status) => isServed(note, party(status)));
  assert.deepEqual(served, [false, false, true, true]);
  assert.equal(isOver(note, [], home), false); // its restaurant has not listed it yet
  assert.equal(isOver(note, [], { ...home, open_orders: party('delivered')[0].orders }), true);
  assert.equal(isOver({ ...note, table_id: 3 }, [], home), true);
  assert.equal(isOver({ ...note, kind: 'payment' }, party('delivered'), home), false);
});

test('a later payment of all that is open answers a call for the bill', () => {
  const call = { call_id: '1-1', reason: 'bill', status: 'open', opened_at: '2026-01-01T20:00:00Z' };
  const party = { table_id: 1, balance: '0.00', calls: [call, { ...call, call_id: '1-2', reason: 'waiter' }] };
  const payment = { kind: 'payment', table_id: 1, created_at: '2026-01-01T20:05:00Z' };
  assert.deepEqual(answeredBills(party, [payment]), [call]);
  assert.deepEqual(answeredBills(party, [{ ...payment, created_at: '2026-01-01T19:55:00Z' }]), []);
  assert.deepEqual(answeredBills({ ...party, balance: '5.00' }, [payment]), []);
});

test('balances add up without rounding', () => {
  assert.equal(balanceOf([{ balance: '0.10' }, { balance: '0.20' }]), '0.30');
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
