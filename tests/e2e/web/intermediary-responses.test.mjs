// Responses of an intermediary in the service's place: the outcome of the request stays unknown.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { RefusedError, RestaurantQR, UnreachableError } from '../../../web/client/index.js';
import { FAST_SETTINGS } from './harness.mjs';
import { INTERMEDIARY_RESPONSES, ScriptedServer } from './scripted-server.mjs';

let service;

afterEach(() => service.close());

async function client(respond, options = {}) {
  service = await new ScriptedServer(respond).start();
  return new RestaurantQR({ ...FAST_SETTINGS, url: service.url, backoff: { first: 1, longest: 2 }, ...options });
}

const CASES = [...INTERMEDIARY_RESPONSES, ['a connection that is cut', 'cut']];

for (const [name, response] of CASES) {
  test(`after ${name}, the client retries under the same key`, async () => {
    const qr = await client(() => ({ changed: true, order_id: 7 }));
    service.responses = [response, null];
    const { order_id } = await qr.http.post('/sessions/1/orders', { items: [] });
    assert.equal(order_id, 7);
    assert.equal(service.requests.length, 2);
    assert.equal(service.keys.length, 1);
  });

  test(`if ${name} is the only response, the outcome is unknown and not refused`, async () => {
    const qr = await client();
    service.responses = [response];
    await assert.rejects(qr.http.post('/sessions/1/orders', {}, { key: 'mine' }), UnreachableError);
    assert.equal(service.requests.length, 4);
    assert.deepEqual(service.keys, ['mine']);
  });
}

test('an error of the service is a refusal, final only if a retry cannot help', async () => {
  const qr = await client();
  const refused = async (status, code) => {
    service.requests = [];
    service.responses = [[status, 'application/json', JSON.stringify({ error: 'No.', code })]];
    const error = await qr.http.post('/sessions/1/orders').catch((cause) => cause);
    assert(error instanceof RefusedError);
    return [error.code, error.message, error.isFinal, service.requests.length];
  };
  assert.deepEqual(await refused(409, 'overpayment'), ['overpayment', 'No.', true, 1]);
  assert.deepEqual(await refused(401, 'unauthenticated'), ['unauthenticated', 'No.', false, 1]);
  assert.deepEqual(await refused(503, 'unavailable'), ['unavailable', 'No.', false, 4]);
});

test('an attempt without a response times out, and the next one succeeds', async () => {
  let attempts = 0;
  const secondAttempt = () => new Promise((resolve) => {
    attempts += 1;
    if (attempts > 1) resolve({ changed: true });
  });
  const qr = await client(secondAttempt, { timeout: 100 });
  assert.deepEqual(await qr.http.put('/orders/1/items'), { changed: true });
});

test('a token that is no valid header value raises TypeError, not a network error', async () => {
  const qr = await client(undefined, { token: 'two\nlines' });
  await assert.rejects(qr.http.get('/orders/1'), TypeError);
  assert.equal(service.requests.length, 0);
});

test('a response counts as a picture only with an image content type', async () => {
  const qr = await client();
  service.responses = [[200, 'text/html', '<html>'], [200, 'image/svg+xml', '<svg/>']];
  assert.equal(await qr.http.text('/tables/1/qr.svg', 'image/svg+xml'), '<svg/>');
  assert.equal(service.requests.length, 2);
});
