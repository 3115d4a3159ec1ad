// The client against a scripted server that duplicates, drops and corrupts messages.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { WebSocketServer } from 'ws';

import {
  ClosedError, QueueFullError, RefusedError, RestaurantQR,
} from '../../../web/client/index.js';
import { FAST_SETTINGS, until, untilLive } from './harness.mjs';

const snapshot = (seq, epoch = 'a', data = {}) => ({ type: 'table_status', data, seq, epoch });
const event = (seq, data = { seq }) => ({ type: 'table_update', data, seq });

let server;
let sockets;
let qr;

before(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.on('listening', resolve));
  server.on('connection', (socket, request) => {
    const send = (...frames) => frames.forEach((frame) => socket.send(JSON.stringify(frame)));
    const received = [];
    socket.on('message', (text) => received.push(JSON.parse(text)));
    sockets.push({ socket, send, received, url: request.url, offered: socket.protocol });
  });
});
after(() => server.close());

beforeEach(() => {
  qr?.disconnect();
  sockets = [];
  qr = new RestaurantQR({
    ...FAST_SETTINGS, url: `ws://127.0.0.1:${server.address().port}`, token: 'one', queue: 3,
    heartbeat: 60_000,
  });
});
after(() => qr.disconnect());

/** The n-th connection, from 0, once it is open. */
const connection = (n) => until(() => sockets[n], `connection ${n}`);

/** The first request for an action on a connection, once it arrives. */
const requestFor = (at, action) =>
  until(() => at.received.find((frame) => frame.action === action), `a request for ${action}`);

/** Reply to the client's probe with a snapshot. */
async function replyToProbe(at, seq, epoch) {
  const { request_id } = await requestFor(at, 'get_status');
  at.send(snapshot(seq, epoch), { type: 'ack', request_id, data: { changed: false, version: 1 } });
}

test('duplicate events are delivered once, and a gap is resumed from the event before it', async () => {
  const table = qr.table(1);
  const delivered = [];
  table.on('table_update', (data, { seq }) => delivered.push(seq));
  const first = await connection(0);
  assert.equal(first.url, '/ws/tables/1/');
  assert.equal(first.offered, 'bearer');
  first.send(snapshot(3), event(4), event(4), event(3), event(6), event(7));
  const second = await connection(1);
  assert.equal(second.url, '/ws/tables/1/?since=4&epoch=a');
  second.send(event(5), event(6));
  await replyToProbe(second, 6);
  await untilLive(table);
  assert.deepEqual(delivered, [4, 5, 6]);
});

test('a snapshot of a new epoch replaces the data and resets the position', async () => {
  const table = qr.table(1);
  const shown = [];
  table.follow((data) => shown.push(data));
  const at = await connection(0);
  at.send(snapshot(8, 'a', { is: 'old' }), snapshot(2, 'b', { is: 'new', resumed: false }));
  at.send(event(2, { is: 'seen' }), event(3, { is: 'newer' }));
  await until(() => table.data?.is === 'newer');
  assert.deepEqual(shown.map(({ is }) => is), ['old', 'new', 'newer']);
  at.socket.close(1012);
  assert.equal((await connection(1)).url, '/ws/tables/1/?since=3&epoch=b');
});

for (const text of ['no JSON', '"a string"', 'null', '7']) {
  test(`a connection that receives ${text} instead of a frame is reopened`, async () => {
    const table = qr.table(1);
    const first = await connection(0);
    first.send(snapshot(1));
    await untilLive(table);
    first.socket.send(text);
    await replyToProbe(await connection(1), 1);
    await untilLive(table);
  });
}

test('an event that cannot be applied to the data makes the client request a snapshot', async () => {
  const order = qr.order(1);
  const at = await connection(0);
  const full = { type: 'order_status', data: { balance: '1.00' }, seq: 0, epoch: 'a' };
  at.send(full, { type: 'order_items_update', data: { items: [] }, seq: 1 });
  const { request_id } = await requestFor(at, 'get_status');
  at.send({ ...full, data: { balance: '2.00' }, seq: 1 });
  at.send({ type: 'ack', request_id, data: {} });
  await until(() => order.data.balance === '2.00');
});

for (const code of [1000, 1001, 1006, 1008, 1011, 1012, 1013, 1014, 4000, 4408]) {
  test(`a connection closed with ${code} is reopened`, async () => {
    const table = qr.table(1);
    const at = await connection(0);
    at.send(snapshot(1));
    await untilLive(table);
    if (code === 1006) at.socket.terminate();
    else at.socket.close(code);
    await until(() => table.status.state === 'reconnecting');
    await replyToProbe(await connection(1), 1);
    await untilLive(table);
  });
}

for (const code of [4400, 4401, 4403, 4404]) {
  test(`a connection closed with ${code} closes the channel`, async () => {
    const table = qr.table(1);
    const callbacks = [];
    table.onerror = ({ error }) => callbacks.push(error);
    table.onclose = (close) => callbacks.push(close.code);
    table.onmessage = ({ data }) => callbacks.push(JSON.parse(data).code);
    const pending = table.request('occupy');
    const at = await connection(0);
    at.send({ error: 'No.', code: 'forbidden' });
    at.socket.close(code, 'no');
    await assert.rejects(pending, (error) => error instanceof ClosedError && error.code === code);
    assert.equal(table.status.state, 'closed');
    assert.equal(callbacks[0], 'forbidden');
    assert.equal(callbacks[1].code, code);
    assert.equal(callbacks[2], code);
    await assert.rejects(table.request('release'), ClosedError);
    assert.notEqual(qr.table(1), table);
  });
}

test('a refused token is renewed, and a second refusal in a row closes the channel', async () => {
  qr.disconnect();
  let renewals = 0;
  qr = new RestaurantQR({
    ...FAST_SETTINGS, url: `http://127.0.0.1:${server.address().port}/`, token: 'one',
    renewToken: () => {
      renewals += 1;
      if (renewals === 1) throw new Error('token service unavailable');
      return `token${renewals}`;
    },
  });
  const tokens = [];
  server.on('headers', (_, { headers }) => tokens.push(headers['sec-websocket-protocol']));
  const table = qr.table(1);
  (await connection(0)).socket.close(4401);
  (await connection(1)).socket.close(4401);
  const third = await connection(2);
  third.send(snapshot(1));
  await untilLive(table);
  third.socket.close(4401);
  (await connection(3)).socket.close(4401);
  await until(() => table.status.state === 'closed');
  assert.equal(table.status.error.code, 4401);
  assert.deepEqual(tokens, ['bearer,one', 'bearer,one', 'bearer,token2', 'bearer,token3']);
});

test('queued actions are limited, sent one at a time and resent under the same id', async () => {
  const table = qr.table(1);
  const requests = [1, 2, 3].map((guests_count) => table.request('occupy', { guests_count }));
  await assert.rejects(table.request('occupy'), QueueFullError);
  assert.throws(() => table.send('{"action": "release"}'), QueueFullError);
  assert.equal(table.queued, 3);
  const first = await connection(0);
  first.send(snapshot(1));
  const lostRequest = await requestFor(first, 'occupy');
  assert.equal(first.received.length, 1);
  first.socket.terminate();
  const second = await connection(1);
  await replyToProbe(second, 1);
  const seen = [];
  for (const request of requests) {
    const frame = await until(() => second.received.find((each) =>
      each.action === 'occupy' && !seen.includes(each)));
    seen.push(frame);
    second.send({ type: 'ack', request_id: frame.request_id, data: { version: seen.length } });
    assert.equal((await request).version, seen.length);
  }
  assert.deepEqual(seen[0], lostRequest);
  assert.deepEqual(seen.map((frame) => frame.guests_count), [1, 2, 3]);
  assert.equal(new Set(seen.map((frame) => frame.request_id)).size, 3);
});

test('an unavailable action is retried before later actions', async () => {
  const table = qr.table(1);
  const first = table.request('occupy');
  const second = table.request('release');
  const at = await connection(0);
  at.send(snapshot(1));
  const { request_id } = await requestFor(at, 'occupy');
  at.send({ error: 'Later.', code: 'unavailable', request_id });
  await until(() => at.received.length === 2);
  assert.deepEqual(at.received.map((frame) => frame.request_id), [request_id, request_id]);
  at.send({ type: 'ack', request_id, data: { changed: true, version: 2 } });
  assert.equal((await first).changed, true);
  const release = await requestFor(at, 'release');
  const refusal = { error: 'No.', code: 'unsettled', details: { balance: '1.00' } };
  at.send({ ...refusal, request_id: release.request_id });
  await assert.rejects(second, (error) => {
    assert(error instanceof RefusedError);
    assert.deepEqual([error.message, error.code], ['No.', 'unsettled']);
    assert.deepEqual(error.details, refusal.details);
    return true;
  });
});

test('an aborted action is not sent, and the next one is', async () => {
  const table = qr.table(1);
  const controller = new AbortController();
  const first = table.request('occupy', {}, { signal: controller.signal });
  const second = table.request('release');
  controller.abort();
  await assert.rejects(first, { name: 'AbortError' });
  const at = await connection(0);
  at.send(snapshot(1));
  const { request_id } = await requestFor(at, 'release');
  assert.equal(at.received.length, 1);
  at.send({ type: 'ack', request_id, data: {} });
  await second;
});

test('a missing reply makes the client reconnect and resend the action', async () => {
  const table = qr.table(1);
  const at = await connection(0);
  at.send(snapshot(1));
  await untilLive(table);
  const done = table.request('occupy');
  const { request_id } = await requestFor(await connection(1), 'occupy');
  sockets[1].send({ type: 'ack', request_id, data: { changed: true } });
  assert.equal((await done).changed, true);
});

test('a snapshot ahead of the received events makes the client resume', async () => {
  const table = qr.table(1);
  const at = await connection(0);
  at.send(snapshot(1));
  await untilLive(table);
  qr.wake();
  await replyToProbe(at, 2);
  assert.equal((await connection(1)).url, '/ws/tables/1/?since=1&epoch=a');
});

test('a channel closed by its status listener stays closed', async () => {
  const table = qr.table(1);
  table.on('status', ({ state }) => state === 'reconnecting' && table.close());
  const at = await connection(0);
  at.send(snapshot(1));
  await untilLive(table);
  at.socket.close(1012);
  await until(() => table.status.state === 'closed');
  const again = qr.table(1);
  (await connection(1)).send(snapshot(1));
  await untilLive(again);
  again.request('release').catch(() => {});
  const { request_id } = await requestFor(sockets[1], 'release');
  sockets[1].send({ error: 'Later.', code: 'unavailable', request_id });
  await until(() => sockets[1].received.length === 2);
  assert.deepEqual(sockets.map(({ url }) => url), ['/ws/tables/1/', '/ws/tables/1/']);
});

test('an error in a listener does not stop the client', async (t) => {
  const errors = [];
  const record = (error) => errors.push(error.message);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', record);
  t.after(() => {
    process.removeListener('uncaughtException', record);
    others.forEach((each) => process.on('uncaughtException', each));
  });
  const table = qr.table(1);
  table.on('snapshot', () => {
    throw new Error('listener failed');
  });
  (await connection(0)).send(snapshot(1), event(2));
  await until(() => table.data?.seq === 2);
  assert.deepEqual(errors, ['listener failed']);
  assert.equal(sockets.length, 1);
});

test('a client without a WebSocket raises an error with the remedy', () => {
  assert.throws(() => new RestaurantQR({ WebSocket: null }), /pass one as an option/);
});

test('an action above the size limit is refused unsent', async () => {
  const order = qr.table(1).request('occupy', { note: 'x'.repeat(70_000) });
  await assert.rejects(order, (error) => error.code === 'too_large');
});
