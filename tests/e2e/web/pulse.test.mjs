// How soon a page notices that the network is gone, and that it is back.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { WebSocketServer } from 'ws';

import { RestaurantQR } from '../../../web/client/index.js';
import { Pulse } from '../../../web/client/pulse.js';
import { HASTY, live, until } from './house.mjs';

let server;
let sockets;
let qr;
/** Tables that no other test opens: a connection of an earlier one may still come. */
let [long, short] = [-1, 0];

before(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.on('listening', resolve));
  server.on('connection', (socket, { url }) => {
    const asked = [];
    socket.on('message', (text) => asked.push(JSON.parse(text)));
    sockets.push({ socket, asked, url });
  });
});
after(() => server.close());
afterEach(() => qr.disconnect());

/** A client with two live channels. */
async function opened(options) {
  sockets = [];
  [long, short] = [long + 2, short + 2];
  qr = new RestaurantQR({
    ...HASTY, url: `ws://127.0.0.1:${server.address().port}`, heartbeat: 60_000, timeout: 60_000, ...options,
  });
  const channels = [qr.table(long), qr.table(short)];
  await until(() => at(long) && at(short));
  for (const [id, length] of [[long, 1_000], [short, 0]]) {
    const data = { filling: 'x'.repeat(length) };
    at(id).socket.send(JSON.stringify({ type: 'table_status', data, seq: 1, epoch: 'a' }));
  }
  for (const channel of channels) await live(channel);
  return channels;
}

/** The newest connection of a table. */
const at = (id) => sockets.filter(({ url }) => url.startsWith(`/ws/tables/${id}/`)).at(-1);

test('after a silence the channel with the smallest snapshot is probed, and the others only if it is dead', async () => {
  const [, second] = await opened({ pulse: 100, pulseTimeout: 2_000 });
  await until(() => at(short).asked.length > 0);
  assert.equal(at(long).asked.length, 0);
  await until(() => second.status.state === 'reconnecting');
  await until(() => at(long).asked.length > 0);
});

test('a message on any channel counts for all, and an answer restarts the silence', ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval', 'Date'] });
  const pass = (seconds) => {
    for (let second = 0; second < seconds; second += 1) mock.timers.tick(1_000);
  };
  const asked = [];
  const channel = (name, size) => ({
    status: { state: 'live' }, size, lastMessageAt: Date.now(), probe: () => asked.push(name), wake: () => asked.push(`all ${name}`),
  });
  const [bigger, smaller] = [channel('long', 100), channel('short', 10)];
  const pulse = new Pulse(() => [bigger, smaller], { silence: 5_000, timeout: 3_000 });
  pass(4);
  bigger.lastMessageAt = Date.now();
  pass(4);
  assert.deepEqual(asked, []);
  pass(1);
  assert.deepEqual(asked, ['short']);
  smaller.lastMessageAt = Date.now();
  pass(4);
  assert.deepEqual(asked, ['short']);
  pass(4);
  assert.deepEqual(asked, ['short', 'short', 'all long', 'all short']);
  pulse.stop();
});

test('a hidden page with throttled timers takes no answered probe for an unanswered one', ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval', 'Date'] });
  const asked = [];
  const channel = {
    status: { state: 'live' }, size: 10, lastMessageAt: Date.now(), probe: () => asked.push('probe'), wake: () => asked.push('wake'),
  };
  const pulse = new Pulse(() => [channel], { silence: 5_000, timeout: 3_000 });
  for (let minute = 1; minute <= 3; minute += 1) {
    mock.timers.setTime(minute * 60_000);
    mock.timers.tick(1_000);
    channel.lastMessageAt = Date.now();
  }
  assert.deepEqual(asked, ['probe', 'probe', 'probe']);
  pulse.stop();
});

test('a hidden page probes no channel, and one that is shown again does', ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval', 'Date'] });
  const asked = [];
  const channel = { status: { state: 'live' }, size: 10, lastMessageAt: Date.now(), probe: () => asked.push('probe'), wake: () => {} };
  const pulse = new Pulse(() => [channel], { silence: 5_000, timeout: 3_000 });
  globalThis.document = { visibilityState: 'hidden' };
  for (let second = 0; second < 30; second += 1) mock.timers.tick(1_000);
  assert.deepEqual(asked, []);
  globalThis.document.visibilityState = 'visible';
  mock.timers.tick(1_000);
  assert.deepEqual(asked, ['probe']);
  pulse.stop();
  delete globalThis.document;
});

test('a page that loses its network shows it at once, and reconnects as soon as it is back', async () => {
  const page = new EventTarget();
  globalThis.addEventListener = page.addEventListener.bind(page);
  globalThis.removeEventListener = page.removeEventListener.bind(page);
  const [first, second] = await opened({ backoff: { first: 600_000, longest: 600_000 } });
  page.dispatchEvent(new Event('offline'));
  assert.deepEqual([first, second].map(({ status }) => status.state), ['reconnecting', 'reconnecting']);
  const before = [at(long), at(short)];
  page.dispatchEvent(new Event('online'));
  await until(() => at(long) !== before[0] && at(short) !== before[1]);
  delete globalThis.addEventListener;
  delete globalThis.removeEventListener;
});
