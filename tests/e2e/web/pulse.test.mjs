// Detection of a lost network, and of its return.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';

import { WebSocketServer } from 'ws';

import { RestaurantQR } from '../../../web/client/index.js';
import { LivenessProbe } from '../../../web/client/liveness-probe.js';
import { FAST_SETTINGS, until, untilLive } from './harness.mjs';

let server;
let sockets;
let qr;
/** Ids of tables that no other test uses: a connection of an earlier test may still arrive. */
let [long, short] = [-1, 0];

before(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.on('listening', resolve));
  server.on('connection', (socket, { url }) => {
    const received = [];
    socket.on('message', (text) => received.push(JSON.parse(text)));
    sockets.push({ socket, received, url });
  });
});
after(() => server.close());
afterEach(() => qr.disconnect());

/** Open a client with two live channels. */
async function openChannels(options) {
  sockets = [];
  [long, short] = [long + 2, short + 2];
  qr = new RestaurantQR({
    ...FAST_SETTINGS, url: `ws://127.0.0.1:${server.address().port}`, heartbeat: 60_000, timeout: 60_000, ...options,
  });
  const channels = [qr.table(long), qr.table(short)];
  await until(() => at(long) && at(short));
  for (const [id, length] of [[long, 1_000], [short, 0]]) {
    const data = { filling: 'x'.repeat(length) };
    at(id).socket.send(JSON.stringify({ type: 'table_status', data, seq: 1, epoch: 'a' }));
  }
  for (const channel of channels) await untilLive(channel);
  return channels;
}

/** The latest connection of a table. */
const at = (id) => sockets.filter(({ url }) => url.startsWith(`/ws/tables/${id}/`)).at(-1);

test('after a silence the channel with the smallest snapshot is probed, the others if it does not reply', async () => {
  const [, second] = await openChannels({ pulse: 100, pulseTimeout: 2_000 });
  await until(() => at(short).received.length > 0);
  assert.equal(at(long).received.length, 0);
  await until(() => second.status.state === 'reconnecting');
  await until(() => at(long).received.length > 0);
});

test('a message on any channel postpones the probe, and so does the reply to a probe', ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval', 'Date'] });
  const advance = (seconds) => {
    for (let second = 0; second < seconds; second += 1) mock.timers.tick(1_000);
  };
  const received = [];
  const channel = (name, size) => ({
    status: { state: 'live' }, size, lastMessageAt: Date.now(), probe: () => received.push(name), wake: () => received.push(`all ${name}`),
  });
  const [larger, smaller] = [channel('long', 100), channel('short', 10)];
  const pulse = new LivenessProbe(() => [larger, smaller], { silence: 5_000, timeout: 3_000 });
  advance(4);
  larger.lastMessageAt = Date.now();
  advance(4);
  assert.deepEqual(received, []);
  advance(1);
  assert.deepEqual(received, ['short']);
  smaller.lastMessageAt = Date.now();
  advance(4);
  assert.deepEqual(received, ['short']);
  advance(4);
  assert.deepEqual(received, ['short', 'short', 'all long', 'all short']);
  pulse.stop();
});

test('a hidden page with throttled timers does not time out a probe that was answered', ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval', 'Date'] });
  const received = [];
  const channel = {
    status: { state: 'live' }, size: 10, lastMessageAt: Date.now(), probe: () => received.push('probe'), wake: () => received.push('wake'),
  };
  const pulse = new LivenessProbe(() => [channel], { silence: 5_000, timeout: 3_000 });
  for (let minute = 1; minute <= 3; minute += 1) {
    mock.timers.setTime(minute * 60_000);
    mock.timers.tick(1_000);
    channel.lastMessageAt = Date.now();
  }
  assert.deepEqual(received, ['probe', 'probe', 'probe']);
  pulse.stop();
});

test('a page probes no channel while it is hidden', ({ mock }) => {
  mock.timers.enable({ apis: ['setInterval', 'Date'] });
  const received = [];
  const channel = { status: { state: 'live' }, size: 10, lastMessageAt: Date.now(), probe: () => received.push('probe'), wake: () => {} };
  const pulse = new LivenessProbe(() => [channel], { silence: 5_000, timeout: 3_000 });
  globalThis.document = { visibilityState: 'hidden' };
  for (let second = 0; second < 30; second += 1) mock.timers.tick(1_000);
  assert.deepEqual(received, []);
  globalThis.document.visibilityState = 'visible';
  mock.timers.tick(1_000);
  assert.deepEqual(received, ['probe']);
  pulse.stop();
  delete globalThis.document;
});

test('a page shows a lost network at once, and reconnects as soon as it is online', async () => {
  const page = new EventTarget();
  globalThis.addEventListener = page.addEventListener.bind(page);
  globalThis.removeEventListener = page.removeEventListener.bind(page);
  const [first, second] = await openChannels({ backoff: { first: 600_000, longest: 600_000 } });
  page.dispatchEvent(new Event('offline'));
  assert.deepEqual([first, second].map(({ status }) => status.state), ['reconnecting', 'reconnecting']);
  const before = [at(long), at(short)];
  page.dispatchEvent(new Event('online'));
  await until(() => at(long) !== before[0] && at(short) !== before[1]);
  delete globalThis.addEventListener;
  delete globalThis.removeEventListener;
});
