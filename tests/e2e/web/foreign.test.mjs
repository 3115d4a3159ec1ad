// Answers that are not the service's: they say nothing about the outcome of a request.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { RefusedError, RestaurantQR, UnreachableError } from '../../../web/client/index.js';
import { Answers, FOREIGN } from './answers.mjs';
import { HASTY } from './house.mjs';

let service;

afterEach(() => service.close());

async function client(answer, options = {}) {
  service = await new Answers(answer).start();
  return new RestaurantQR({ ...HASTY, url: service.url, backoff: { first: 1, longest: 2 }, ...options });
}

const CASES = [...FOREIGN, ['a connection that is cut', 'cut']];

for (const [name, answer] of CASES) {
  test(`after ${name}, the client retries under the same key`, async () => {
    const qr = await client(() => ({ changed: true, order_id: 7 }));
    service.answers = [answer, null];
    const { order_id } = await qr.http.post('/sessions/1/orders', { items: [] });
    assert.equal(order_id, 7);
    assert.equal(service.asked.length, 2);
    assert.equal(service.keys.length, 1);
  });

  test(`if ${name} is the only answer, the outcome is unknown and not refused`, async () => {
    const qr = await client();
    service.answers = [answer];
    await assert.rejects(qr.http.post('/sessions/1/orders', {}, { key: 'mine' }), UnreachableError);
    assert.equal(service.asked.length, 4);
    assert.deepEqual(service.keys, ['mine']);
  });
}

test('an error of the service is a refusal, whether or not a retry may help', async () => {
  const qr = await client();
  const refused = async (status, code) => {
    service.asked = [];
    service.answers = [[status, 'application/json', JSON.stringify({ error: 'No.', code })]];
    const error = await qr.http.post('/sessions/1/orders').catch((cause) => cause);
    assert(error instanceof RefusedError);
    return [error.code, error.message, error.isFinal, service.asked.length];
  };
  assert.deepEqual(await refused(409, 'overpayment'), ['overpayment', 'No.', true, 1]);
  assert.deepEqual(await refused(401, 'unauthenticated'), ['unauthenticated', 'No.', false, 1]);
  assert.deepEqual(await refused(503, 'unavailable'), ['unavailable', 'No.', false, 4]);
});

test('a try without an answer ends after the patience, and the next one succeeds', async () => {
  let tries = 0;
  const late = () => new Promise((resolve) => {
    tries += 1;
    if (tries > 1) resolve({ changed: true });
  });
  const qr = await client(late, { timeout: 100 });
  assert.deepEqual(await qr.http.put('/orders/1/items'), { changed: true });
});

test('a token that cannot be sent is a TypeError and not a lost network', async () => {
  const qr = await client(undefined, { token: 'two\nlines' });
  await assert.rejects(qr.http.get('/orders/1'), TypeError);
  assert.equal(service.asked.length, 0);
});

test('an answer is a picture only if it has the type of one', async () => {
  const qr = await client();
  service.answers = [[200, 'text/html', '<html>'], [200, 'image/svg+xml', '<svg/>']];
  assert.equal(await qr.http.text('/tables/1/qr.svg', 'image/svg+xml'), '<svg/>');
  assert.equal(service.asked.length, 2);
});
