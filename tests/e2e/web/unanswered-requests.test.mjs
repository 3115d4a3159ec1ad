// The pages' modules, without a browser, with responses of an intermediary: a guest's order, a waiter's
// payment, a device's sign-in and a manager's button.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { WebSocket } from 'ws';

import { until } from './harness.mjs';
import { INTERMEDIARY_RESPONSES, ScriptedServer } from './scripted-server.mjs';

const CASES = [...INTERMEDIARY_RESPONSES, ['a connection that is cut', 'cut']];
const REFUSED = [409, 'application/json', '{"error": "No.", "code": "item_unavailable"}'];

let service;
let pages;

before(async () => {
  service = await new ScriptedServer(({ url }) => {
    if (url.endsWith('/sign-in')) return { token: 'a-token', data: {} };
    return { changed: true, order_id: 7 };
  }).start();
  const location = new URL(`${service.url}/guest/?lang=en`);
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { languages: ['en'], onLine: true } });
  Object.assign(globalThis, {
    location,
    addEventListener: () => {},
    history: { replaceState: () => {} },
    WebSocket,
  });
  Math.random = () => 0; // no delay between attempts
  const app = await import('../../../web/shared/app.js');
  const { visitOf } = await import('../../../web/guest/visit.js');
  const { endVisit } = await import('../../../web/guest/join.js');
  const { sendPayment } = await import('../../../web/waiter/payment.js');
  const { signIn } = await import('../../../web/shared/sign-in-gate.js');
  pages = { ...app, endVisit, visitOf, sendPayment, signIn };
});
after(() => service.close());

let session = 0;

beforeEach(() => {
  session += 1;
  service.requests = [];
});

for (const [name, response] of CASES) {
  test(`a guest's order is placed once when ${name} comes first`, async () => {
    service.responses = [response, null];
    const visit = pages.visitOf(session);
    visit.add({ menu_item_id: 1 }, 2);
    visit.place();
    await until(() => service.requests.length === 1 && visit.stateOf(visit.outbox[0], true) === 'unanswered');
    assert.deepEqual([visit.basket, visit.ownOrderIds], [[], []]);
    await until(() => visit.sendOutbox().then(() => visit.outbox.length === 0));
    assert.deepEqual(visit.ownOrderIds, [7]);
    assert.equal(service.keys.length, 1);
  });

  test(`a waiter's payment keeps its key when ${name} is the only response`, async () => {
    service.responses = [response];
    const parts = [{ order_id: 1, amount: '9.50', key: `payment-${session}` }];
    const kept = [];
    const isAnswered = await pages.sendPayment({ parts, method: 'card' }, (left) => kept.push(left));
    assert.equal(isAnswered, false);
    assert.deepEqual(kept.at(-1).parts, parts);
    assert.deepEqual(service.keys, [`payment-${session}`]);
  });

  test(`a device is signed in under one key when ${name} comes first`, async () => {
    service.responses = [response, null];
    let unanswered = 0;
    await pages.signIn(`code-${session}`, () => (unanswered += 1), new AbortController().signal, 1);
    assert.equal(unanswered, 1);
    assert.equal(pages.token(), 'a-token');
    assert.equal(service.requests.length, 2);
    assert.equal(service.keys.length, 1);
  });

  test(`a manager's button repeats the same request after ${name}`, async () => {
    service.responses = [response, response, response, response, null];
    const announce = () => pages.qr.http.post('/restaurants/2/broadcasts', { message: `Closing ${session}` });
    await assert.rejects(announce(), (error) => pages.errorMessage(error) === 'shared.unanswered');
    await announce();
    assert.equal(service.keys.length, 1);
  });
}

test('a refused order goes back into the basket beside its other items', async () => {
  service.responses = [REFUSED];
  const visit = pages.visitOf(session);
  visit.add({ menu_item_id: 1 }, 2);
  visit.setNotes(1, 'No onions');
  visit.place();
  visit.add({ menu_item_id: 1 }, 1);
  visit.add({ menu_item_id: 2 }, 1);
  await until(() => visit.outbox.length === 0);
  assert.deepEqual(
    visit.basket.map(({ menu_item_id, quantity, notes }) => [menu_item_id, quantity, notes]),
    [[1, 3, 'No onions'], [2, 1, '']],
  );
});

test('a dish with other options is another line, and an order keeps its options and its total', async () => {
  const visit = pages.visitOf(session);
  const [medium, butter] = [{ option_id: 1, quantity: 1 }, { option_id: 2, quantity: 1 }];
  visit.add({ menu_item_id: 1, options: [medium, butter], price: '25.50' }, 1);
  visit.add({ menu_item_id: 1, options: [butter, medium], price: '25.50' }, 1);
  visit.add({ menu_item_id: 1, options: [medium], price: '24.00' }, 1);
  assert.deepEqual(visit.basket.map(({ quantity }) => quantity), [2, 1]);
  assert.equal(visit.quantityOf(1), 3);
  service.responses = [[409, 'application/json', '{"error": "No.", "code": "price_changed", "details": {"total_amount": "78.00"}}']];
  const refused = [];
  visit.refused.on((order, error) => refused.push([order.expected_total, error.code, error.details.total_amount]));
  const before = visit.basket;
  visit.place('75.00');
  await until(() => visit.outbox.length === 0);
  assert.deepEqual(refused, [['75.00', 'price_changed', '78.00']]);
  assert.deepEqual(visit.basket, before);
  visit.place('78.00');
  await until(() => visit.outbox.length === 0);
  assert.equal(service.keys.length, 2);
  const [first] = JSON.parse(service.requests[1].body).items;
  assert.deepEqual(first, { menu_item_id: 1, quantity: 2, notes: '', options: [medium, butter] });
  assert.equal(JSON.parse(service.requests[1].body).expected_total, '78.00');
});

test('an order refused in one tab is not sent again by another tab', async () => {
  service.responses = ['cut', REFUSED];
  const visit = pages.visitOf(session);
  visit.add({ menu_item_id: 1 }, 2);
  visit.place();
  await until(() => service.requests.length === 1 && visit.stateOf(visit.outbox[0], true) === 'unanswered');
  const otherTab = (await import('../../../web/guest/visit.js?other-tab')).visitOf(session);
  await until(() => visit.sendOutbox().then(() => visit.outbox.length === 0));
  await otherTab.sendOutbox();
  assert.equal(service.requests.length, 2);
  assert.equal(visit.quantityOf(1), 2);
});

test('an order whose token has changed is sent only on request, and under a new key', async () => {
  service.responses = ['cut'];
  const payload = (sub) => `x.${Buffer.from(JSON.stringify({ sub })).toString('base64url')}.x`;
  pages.qr.token = payload('first');
  const visit = pages.visitOf(session);
  visit.add({ menu_item_id: 1 }, 1);
  visit.place();
  await until(() => service.requests.length === 1);
  service.responses = [null];
  pages.qr.token = payload('second');
  await visit.sendOutbox();
  const [order] = visit.outbox;
  assert.equal(visit.stateOf(order, true), 'unsure');
  assert.equal(service.requests.length, 1);
  visit.sendAgain(order.key);
  await until(() => visit.outbox.length === 0);
  assert.equal(service.keys.length, 2);
});

test('an ended visit leaves no basket in the storage', () => {
  const visit = pages.visitOf(session);
  visit.add({ menu_item_id: 1 }, 1);
  visit.end();
  assert.deepEqual(pages.storage.keys(`basket-${session}`), []);
});

test('the end of a visit in one tab does not end a newer visit of another tab', () => {
  pages.storage.set('visit', { session: 9, token: 'new' });
  pages.endVisit(8, { session: null, menu: null });
  assert.deepEqual(pages.storage.get('visit'), { session: 9, token: 'new' });
  pages.endVisit(9, { session: null, menu: null });
  assert.equal(pages.storage.get('visit'), null);
});

test('a visit stored as whole lists by an earlier release is migrated', () => {
  pages.storage.set(`basket-${session}`, [{ menu_item_id: 3, quantity: 2, notes: '' }]);
  pages.storage.set(`mine-${session}`, [5, 6]);
  const visit = pages.visitOf(session);
  assert.equal(visit.quantityOf(3), 2);
  visit.add({ menu_item_id: 3, price: '4.00' }, 1);
  assert.deepEqual(visit.basket.map(({ quantity }) => quantity), [3]);
  assert.deepEqual(visit.ownOrderIds, [5, 6]);
});
