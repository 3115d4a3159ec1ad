// What a service does on its worst day, by a server that does nothing else.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { WebSocketServer } from 'ws';

import {
  ClosedError, QueueFullError, RefusedError, RestaurantQR,
} from '../../../web/client/index.js';
import { HASTY, live, until } from './house.mjs';

const snapshot = (seq, epoch = 'a', data = {}) => ({ type: 'table_status', data, seq, epoch });
const event = (seq, data = { seq }) => ({ type: 'table_update', data, seq });

let server;
let sockets;
let qr;

before(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.on('listening', resolve));
  server.on('connection', (socket, request) => {
    const say = (...frames) => frames.forEach((frame) => socket.send(JSON.stringify(frame)));
    const asked = [];
    socket.on('message', (text) => asked.push(JSON.parse(text)));
    sockets.push({ socket, say, asked, url: request.url, offered: socket.protocol });
  });
});
after(() => server.close());

beforeEach(() => {
  qr?.disconnect();
  sockets = [];
  qr = new RestaurantQR({
    ...HASTY, url: `ws://127.0.0.1:${server.address().port}`, token: 'one', queue: 3,
    heartbeat: 60_000,
  });
});
after(() => qr.disconnect());

/** The connection that is the n-th from 0 on, once it is there. */
const connection = (n) => until(() => sockets[n], `connection ${n}`);

/** Its next own action, which is not the client's question whether it is current. */
const asked = (at, action) =>
  until(() => at.asked.find((frame) => frame.action === action), `${action} is asked`);

/** Answer the client's question whether it is current. */
async function confirm(at, seq, epoch) {
  const { request_id } = await asked(at, 'get_status');
  at.say(snapshot(seq, epoch), { type: 'ack', request_id, data: { changed: false, version: 1 } });
}

test('events that come twice are told once, and a gap is resumed from before it', async () => {
  const table = qr.table(1);
  const told = [];
  table.on('table_update', (data, { seq }) => told.push(seq));
  const first = await connection(0);
  assert.equal(first.url, '/ws/tables/1/');
  assert.equal(first.offered, 'bearer');
  first.say(snapshot(3), event(4), event(4), event(3), event(6), event(7));
  const second = await connection(1);
  assert.equal(second.url, '/ws/tables/1/?since=4&epoch=a');
  second.say(event(5), event(6));
  await confirm(second, 6);
  await live(table);
  assert.deepEqual(told, [4, 5, 6]);
});

test('a snapshot under a new epoch replaces the state and begins to count anew', async () => {
  const table = qr.table(1);
  const shown = [];
  table.follow((data) => shown.push(data));
  const at = await connection(0);
  at.say(snapshot(8, 'a', { is: 'old' }), snapshot(2, 'b', { is: 'new', resumed: false }));
  at.say(event(2, { is: 'seen' }), event(3, { is: 'newer' }));
  await until(() => table.data?.is === 'newer');
  assert.deepEqual(shown.map(({ is }) => is), ['old', 'new', 'newer']);
  at.socket.close(1012);
  assert.equal((await connection(1)).url, '/ws/tables/1/?since=3&epoch=b');
});

for (const text of ['no JSON', '"a string"', 'null', '7']) {
  test(`a connection that receives ${text} instead of a frame is reopened`, async () => {
    const table = qr.table(1);
    const first = await connection(0);
    first.say(snapshot(1));
    await live(table);
    first.socket.send(text);
    await confirm(await connection(1), 1);
    await live(table);
  });
}

test('where only a new snapshot can tell, it is asked for', async () => {
  const order = qr.order(1);
  const at = await connection(0);
  const full = { type: 'order_status', data: { balance: '1.00' }, seq: 0, epoch: 'a' };
  at.say(full, { type: 'order_items_update', data: { items: [] }, seq: 1 });
  const { request_id } = await asked(at, 'get_status');
  at.say({ ...full, data: { balance: '2.00' }, seq: 1 });
  at.say({ type: 'ack', request_id, data: {} });
  await until(() => order.data.balance === '2.00');
});

for (const code of [1000, 1001, 1006, 1008, 1011, 1012, 1013, 1014, 4000, 4408]) {
  test(`a connection that ends with ${code} is opened again`, async () => {
    const table = qr.table(1);
    const at = await connection(0);
    at.say(snapshot(1));
    await live(table);
    if (code === 1006) at.socket.terminate();
    else at.socket.close(code);
    await until(() => table.status.state === 'reconnecting');
    await confirm(await connection(1), 1);
    await live(table);
  });
}

for (const code of [4400, 4401, 4403, 4404]) {
  test(`a connection that ends with ${code} is over`, async () => {
    const table = qr.table(1);
    const heard = [];
    table.onerror = ({ error }) => heard.push(error);
    table.onclose = (close) => heard.push(close.code);
    table.onmessage = ({ data }) => heard.push(JSON.parse(data).code);
    const waits = table.request('occupy');
    const at = await connection(0);
    at.say({ error: 'No.', code: 'forbidden' });
    at.socket.close(code, 'no');
    await assert.rejects(waits, (error) => error instanceof ClosedError && error.code === code);
    assert.equal(table.status.state, 'closed');
    assert.equal(heard[0], 'forbidden');
    assert.equal(heard[1].code, code);
    assert.equal(heard[2], code);
    await assert.rejects(table.request('release'), ClosedError);
    assert.notEqual(qr.table(1), table);
  });
}

test('a refused token is replaced by a new one; if that is refused, too, it is over', async () => {
  qr.disconnect();
  let given = 0;
  qr = new RestaurantQR({
    ...HASTY, url: `http://127.0.0.1:${server.address().port}/`, token: 'one',
    renewToken: () => {
      given += 1;
      if (given === 1) throw new Error('who gives tokens is away');
      return `token${given}`;
    },
  });
  const tokens = [];
  server.on('headers', (_, { headers }) => tokens.push(headers['sec-websocket-protocol']));
  const table = qr.table(1);
  (await connection(0)).socket.close(4401);
  (await connection(1)).socket.close(4401);
  const third = await connection(2);
  third.say(snapshot(1));
  await live(table);
  third.socket.close(4401);
  (await connection(3)).socket.close(4401);
  await until(() => table.status.state === 'closed');
  assert.equal(table.status.error.code, 4401);
  assert.deepEqual(tokens, ['bearer,one', 'bearer,one', 'bearer,token2', 'bearer,token3']);
});

test('what waits is bounded, sent one by one, and sent again under the same id', async () => {
  const table = qr.table(1);
  const done = [1, 2, 3].map((guests_count) => table.request('occupy', { guests_count }));
  await assert.rejects(table.request('occupy'), QueueFullError);
  assert.throws(() => table.send('{"action": "release"}'), QueueFullError);
  assert.equal(table.queued, 3);
  const first = await connection(0);
  first.say(snapshot(1));
  const lost = await asked(first, 'occupy');
  assert.equal(first.asked.length, 1);
  first.socket.terminate();
  const second = await connection(1);
  await confirm(second, 1);
  const seen = [];
  for (const request of done) {
    const frame = await until(() => second.asked.find((each) =>
      each.action === 'occupy' && !seen.includes(each)));
    seen.push(frame);
    second.say({ type: 'ack', request_id: frame.request_id, data: { version: seen.length } });
    assert.equal((await request).version, seen.length);
  }
  assert.deepEqual(seen[0], lost);
  assert.deepEqual(seen.map((frame) => frame.guests_count), [1, 2, 3]);
  assert.equal(new Set(seen.map((frame) => frame.request_id)).size, 3);
});

test('what cannot be done now is tried again, before what comes after it', async () => {
  const table = qr.table(1);
  const first = table.request('occupy');
  const second = table.request('release');
  const at = await connection(0);
  at.say(snapshot(1));
  const { request_id } = await asked(at, 'occupy');
  at.say({ error: 'Later.', code: 'unavailable', request_id });
  await until(() => at.asked.length === 2);
  assert.deepEqual(at.asked.map((frame) => frame.request_id), [request_id, request_id]);
  at.say({ type: 'ack', request_id, data: { changed: true, version: 2 } });
  assert.equal((await first).changed, true);
  const release = await asked(at, 'release');
  const refusal = { error: 'No.', code: 'unsettled', details: { balance: '1.00' } };
  at.say({ ...refusal, request_id: release.request_id });
  await assert.rejects(second, (error) => {
    assert(error instanceof RefusedError);
    assert.deepEqual([error.message, error.code], ['No.', 'unsettled']);
    assert.deepEqual(error.details, refusal.details);
    return true;
  });
});

test('an action that is given up is not sent any more, and the next one is', async () => {
  const table = qr.table(1);
  const giveUp = new AbortController();
  const first = table.request('occupy', {}, { signal: giveUp.signal });
  const second = table.request('release');
  giveUp.abort();
  await assert.rejects(first, { name: 'AbortError' });
  const at = await connection(0);
  at.say(snapshot(1));
  const { request_id } = await asked(at, 'release');
  assert.equal(at.asked.length, 1);
  at.say({ type: 'ack', request_id, data: {} });
  await second;
});

test('an answer that does not come means that the connection is dead', async () => {
  const table = qr.table(1);
  const at = await connection(0);
  at.say(snapshot(1));
  await live(table);
  const done = table.request('occupy');
  const { request_id } = await asked(await connection(1), 'occupy');
  sockets[1].say({ type: 'ack', request_id, data: { changed: true } });
  assert.equal((await done).changed, true);
});

test('events that a snapshot knows of and that do not come are asked for again', async () => {
  const table = qr.table(1);
  const at = await connection(0);
  at.say(snapshot(1));
  await live(table);
  qr.wake();
  await confirm(at, 2);
  assert.equal((await connection(1)).url, '/ws/tables/1/?since=1&epoch=a');
});

test('who is told of a loss may close the channel, and it stays closed', async () => {
  const table = qr.table(1);
  table.on('status', ({ state }) => state === 'reconnecting' && table.close());
  const at = await connection(0);
  at.say(snapshot(1));
  await live(table);
  at.socket.close(1012);
  await until(() => table.status.state === 'closed');
  const again = qr.table(1);
  (await connection(1)).say(snapshot(1));
  await live(again);
  again.request('release').catch(() => {});
  const { request_id } = await asked(sockets[1], 'release');
  sockets[1].say({ error: 'Later.', code: 'unavailable', request_id });
  await until(() => sockets[1].asked.length === 2);
  assert.deepEqual(sockets.map(({ url }) => url), ['/ws/tables/1/', '/ws/tables/1/']);
});

test("a listener's mistake stops nothing here", async (t) => {
  const mistakes = [];
  const note = (error) => mistakes.push(error.message);
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', note);
  t.after(() => {
    process.removeListener('uncaughtException', note);
    others.forEach((each) => process.on('uncaughtException', each));
  });
  const table = qr.table(1);
  table.on('snapshot', () => {
    throw new Error('a mistake');
  });
  (await connection(0)).say(snapshot(1), event(2));
  await until(() => table.data?.seq === 2);
  assert.deepEqual(mistakes, ['a mistake']);
  assert.equal(sockets.length, 1);
});

test('without a WebSocket, it says what to do', () => {
  assert.throws(() => new RestaurantQR({ WebSocket: null }), /pass one as an option/);
});

test('a message that is too large is not sent', async () => {
  const order = qr.table(1).request('occupy', { note: 'x'.repeat(70_000) });
  await assert.rejects(order, (error) => error.code === 'too_large');
});
