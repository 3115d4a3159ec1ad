// The service's time on machines whose clocks are wrong.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';

import { Clock } from '../../../web/client/clock.js';
import { RestaurantQR } from '../../../web/client/index.js';
import { dateInZone, dateFormat } from '../../../web/shared/time-zone.js';
import { FAST_SETTINGS } from './harness.mjs';

const NOON = 'Mon, 30 Nov 2026 12:00:00 GMT';

/** A clock on a monotonic clock that the test moves. */
function clockAt(milliseconds) {
  const monotonic = { now: milliseconds };
  return { monotonic, clock: new Clock(() => monotonic.now) };
}

test('the time is unknown until the first response, and advances from there', () => {
  const { monotonic, clock } = clockAt(1_000);
  assert.equal(clock.now, null);
  clock.read(null, clock.start());
  clock.read('no date', clock.start());
  assert.equal(clock.now, null);
  clock.read(NOON, clock.start());
  monotonic.now += 60_000;
  assert.equal(clock.now.toISOString(), '2026-11-30T12:01:00.500Z');
});

test('a response within the precision of the clock does not set it back', () => {
  const { monotonic, clock } = clockAt(0);
  clock.read(NOON, clock.start());
  monotonic.now = 1_900;
  clock.read(NOON, clock.start());
  assert.equal(clock.now.toISOString(), '2026-11-30T12:00:02.400Z');
});

test('the next response sets the time after a suspend that stopped the monotonic clock', () => {
  const { clock } = clockAt(0);
  clock.read(NOON, clock.start());
  clock.read('Mon, 30 Nov 2026 15:00:00 GMT', clock.start());
  assert.equal(clock.now.toISOString(), '2026-11-30T15:00:00.500Z');
});

test('a client takes the time from responses, and keeps it without a network', async () => {
  const server = http.createServer((request, response) => {
    response.writeHead(200, { Date: NOON, 'Content-Type': 'application/json' });
    response.end('{"data": []}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const qr = new RestaurantQR({ ...FAST_SETTINGS, url });
  assert.equal(qr.now, null);
  await qr.http.get('/restaurants');
  assert.equal(qr.now.toISOString().slice(0, 16), '2026-11-30T12:00');
  assert.equal(qr.timeOf(new Date()).toISOString().slice(0, 16), '2026-11-30T12:00');
  const another = new RestaurantQR({ ...FAST_SETTINGS, url });
  assert.equal((await another.askTime()).toISOString().slice(0, 16), '2026-11-30T12:00');
  server.closeAllConnections();
  server.close();
  assert.equal((await another.askTime()).toISOString().slice(0, 16), '2026-11-30T12:00');
});

test('a request for the time ends without a response', { timeout: 10_000 }, async () => {
  const server = http.createServer(() => {});
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const qr = new RestaurantQR({ ...FAST_SETTINGS, url: `http://127.0.0.1:${server.address().port}` });
  assert.equal(await qr.askTime(), null);
  server.closeAllConnections();
  server.close();
});

test('an unknown time zone falls back to the browser’s own zone', () => {
  const now = new Date('2026-11-30T12:00:00Z');
  assert.equal(dateInZone('Not/AZone', now), '2026-11-30');
  assert.equal(dateInZone('Pacific/Kiritimati', new Date('2026-11-30T20:00:00Z')), '2026-12-01');
  assert.equal(dateInZone('Europe/Rome', null), null);
  assert.match(dateFormat('en', { timeStyle: 'short' }, 'Not/AZone').format(now), /\d/);
});
