// Unit tests of the client and of pure functions of the staff's pages.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import * as client from '../../../web/client/index.js';
import { Backoff } from '../../../web/client/backoff.js';
import { StreamPosition } from '../../../web/client/stream-position.js';
import { applyEvent } from '../../../web/client/state.js';
import { Tokens } from '../../../web/client/tokens.js';
import { allergenText } from '../../../web/kitchen/allergens.js';
import { fieldOf, withGroup, withItem, withoutGroup } from '../../../web/manager/menu-request.js';
import { amountOf, cents, split, parseAmount } from '../../../web/waiter/payment-split.js';

test('a waiter can take amounts of any currency, up to the largest one', () => {
  assert.equal(parseAmount('12500000'), 1_250_000_000);
  assert.equal(parseAmount(' 12,5 '), 1250);
  assert.equal(amountOf(parseAmount('10000000000.00')), '10000000000.00');
  for (const wrong of ['', '0', '-1', '1.234', '1e3', '123456789012']) assert.equal(parseAmount(wrong), null);
  const orders = [{ order_id: 1, balance: '2500000.00' }, { order_id: 2, balance: '10000000.00' }];
  assert.deepEqual(split(cents('12500000'), orders),
    [{ order_id: 1, amount: '2500000.00' }, { order_id: 2, amount: '10000000.00' }]);
});

test('a ticket shows declared allergens, and the lack of them only beside a note about an allergy', () => {
  assert.equal(allergenText({ allergens: ['milk'], notes: '' }), 'contains');
  for (const allergens of [null, []]) assert.equal(allergenText({ allergens, notes: 'well done' }), null);
  for (const notes of ['Nut ALLERGY', 'Zöliakie', 'allergique aux noix', 'celíaca', 'coeliac', 'alérgico']) {
    assert.equal(allergenText({ allergens: null, notes }), 'undeclared', notes);
    assert.equal(allergenText({ allergens: [], notes }), 'none', notes);
  }
});

test('a menu change sends the changed part completely, and only required fields of the others', () => {
  const item = (id, ...option_group_ids) => ({ id, name: `Dish ${id}`, price: '5.00', allergens: ['milk'], option_group_ids });
  const degree = { id: 7, name: 'Degree', min: 1, max: 1, options: [{ id: 8, name: 'Rare', price: '0.00', max_each: 1, allergens: [] }] };
  const menu = { version: 3, categories: [{ name: 'Food', items: [item(1), item(2, 7)] }], option_groups: [degree] };
  const [kept, changed] = [{ id: 1, name: 'Dish 1', price: '5.00' }, { ...item(2), price: '6.00' }];
  assert.deepEqual(withItem(menu, changed, 'Food'), {
    at: 'categories.0.items.1',
    body: { expected_version: 3, categories: [{ name: 'Food', items: [kept, changed] }] },
  });
  const extras = { name: 'Extras', min: 0, max: 1, options: [] };
  const added = withGroup(menu, extras);
  assert.equal(added.at, 'option_groups.1');
  assert.deepEqual(added.body.option_groups, [{ ...degree, options: [{ id: 8, name: 'Rare', price: '0.00', max_each: 1 }] }, extras]);
  const removed = withoutGroup(menu, 7).body;
  assert.deepEqual(removed.option_groups, []);
  assert.deepEqual(removed.categories[0].items, [kept, { id: 2, name: 'Dish 2', price: '5.00', option_group_ids: [] }]);
  assert.equal(fieldOf({ field: 'option_groups.1.min' }, added.at), 'min');
  assert.equal(fieldOf({ field: 'option_group_ids' }, 'categories.0.items.1'), 'option_group_ids');
  assert.equal(fieldOf(undefined, added.at), '');
});

test('backoff delays double up to the maximum, and are random from zero', () => {
  const whole = new Backoff({ first: 100, longest: 500, random: () => 1 });
  assert.deepEqual([1, 2, 3, 4, 5].map(() => whole.next()), [100, 200, 400, 500, 500]);
  whole.reset();
  assert.equal(whole.next(5_000), 5_100);
  assert.equal(new Backoff({ first: 100, random: () => 0 }).next(), 0);
});

test('a stream position passes each event once in order, and reports a gap', () => {
  const position = new StreamPosition();
  assert.equal(position.resume, '');
  assert.equal(position.take({ seq: 4, epoch: 'a', data: {} }), 'snapshot');
  assert.equal(position.take({ seq: 4, data: {} }), 'duplicate');
  assert.equal(position.take({ seq: 5, data: {} }), 'event');
  assert.equal(position.take({ seq: 5, data: {} }), 'duplicate');
  assert.equal(position.take({ seq: 7, data: {} }), 'gap');
  assert.equal(position.resume, '?since=5&epoch=a');
  assert.equal(position.take({ seq: 6, data: {} }), 'event');
});

test('a query reply does not move the position, and a snapshot instead of a resume resets it', () => {
  const position = new StreamPosition();
  position.take({ seq: 4, epoch: 'a', data: {} });
  assert.equal(position.take({ seq: 9, epoch: 'a', data: {} }), 'query_reply');
  assert.equal(position.last, 4);
  assert.equal(position.take({ seq: 1, epoch: 'b', data: { resumed: false } }), 'snapshot');
  assert.equal(position.resume, '?since=1&epoch=b');
  assert.equal(position.take({ seq: 1, epoch: 'c', data: {} }), 'gap');
});

test('an event before any snapshot, or without a seq, is a gap', () => {
  assert.equal(new StreamPosition().take({ seq: 1, data: {} }), 'gap');
  assert.equal(new StreamPosition().take({ data: {} }), 'gap');
});

test('events are applied to copies of the data', () => {
  const tasks = Object.freeze([Object.freeze({ type: 'alert', notification_id: 'a', by: null })]);
  const waiter = Object.freeze({ waiter_id: 1, tasks });
  const fields = { notification_id: 'b', message: 'Hot' };
  const task = { type: 'task_notification', data: { ...fields, version: 2 } };
  const more = applyEvent('waiter', waiter, task);
  assert.equal(more.version, 2);
  assert.deepEqual(more.tasks, [...tasks, { type: 'task_notification', ...fields }]);
  const acknowledged = { notification_id: 'a', by: 'Ada' };
  const done = applyEvent('waiter', more, { type: 'notification_acknowledged', data: acknowledged });
  assert.deepEqual(done.tasks[0], { type: 'alert', ...acknowledged });
  assert.equal(done.tasks.length, 2);

  const table = { table_id: 1, is_active: true, is_occupied: false };
  const tables = { total: 1, active: 1, occupied: 0, list: [table] };
  const before = { name: 'Aurora', tables, open_orders: [] };
  const now = { ...table, is_occupied: true };
  const after1 = applyEvent('restaurant', before, { type: 'table_update', data: now });
  assert.deepEqual(after1.tables, { total: 1, active: 1, occupied: 1, list: [now] });
  const order = { order_id: 7, status: 'pending' };
  const after2 = applyEvent('restaurant', after1, { type: 'new_order', data: order });
  const ready = { type: 'order_ready', data: { ...order, status: 'ready' } };
  assert.deepEqual(applyEvent('restaurant', after2, ready).open_orders, [ready.data]);
  const message = { type: 'broadcast', data: { message: 'Hello', version: 4 } };
  assert.deepEqual(applyEvent('restaurant', after2, message), { ...after2, version: 4 });

  assert.deepEqual(applyEvent('order', {}, { type: 'order_update', data: { id: 1 } }), { id: 1 });
  assert.equal(applyEvent('order', {}, { type: 'order_items_update', data: {} }), null);
});

test('concurrent renewals call renewToken once, and an already renewed token is reused', async () => {
  let renewals = 0;
  const tokens = new Tokens('old', async () => `new ${(renewals += 1)}`);
  const both = await Promise.all([tokens.renew('old'), tokens.renew('old')]);
  assert.deepEqual(both, ['new 1', 'new 1']);
  assert.equal(await tokens.renew('old'), 'new 1');
  assert.equal(renewals, 1);
  assert.equal(await new Tokens('old').renew('old'), null);
});

test('the type declarations match the exports of the client', () => {
  const declared = readFileSync(new URL('../../../web/client/index.d.ts', import.meta.url), 'utf8');
  const names = [...declared.matchAll(/^export declare class (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(names.sort(), Object.keys(client).sort());
  const members = (name) => {
    const body = declared.split(`export declare class ${name}`)[1].split('\n}\n')[0];
    return [...body.matchAll(/^ {2}(?:readonly )?(\w+)[?(:<]/gm)].map(([, member]) => member);
  };
  class ClosedSocket {
    close() {}
  }
  const screen = new client.RestaurantQRClient(1, 5, 10, 2, { WebSocket: ClosedSocket });
  screen.connectOrder();
  const parts = { Channel: screen.sockets.order, RestaurantQR: screen, RestaurantQRClient: screen };
  for (const [name, part] of Object.entries(parts)) {
    assert.ok(members(name).length > 5);
    for (const member of members(name)) assert.ok(member in part, `${name}.${member}`);
  }
  screen.disconnect();
});

test('a client with many channels has at most eight pending handshakes, in order of creation', (context) => {
  const pending = [];
  const started = [];
  class Socket {
    readyState = 0;
    constructor(url) {
      pending.push(this);
      started.push(url.split('/').at(-2));
    }

    close() {}
  }
  const qr = new client.RestaurantQR({ url: 'http://localhost', WebSocket: Socket });
  context.after(() => qr.disconnect());
  const channels = Array.from({ length: 12 }, (_, index) => qr.order(index));
  assert.equal(pending.length, 8);
  pending.shift().onopen();
  pending.shift().onclose({ code: 4404, reason: '' });
  channels[10].close(); // before its turn
  channels[2].close(); // during its handshake
  assert.deepEqual(started.slice(8), ['8', '9', '11']);
});
