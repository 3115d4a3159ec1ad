// An outage of half a minute, with the client's default timeouts.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { createSession, FAST_SETTINGS, isGapless, Network, seqsOf, TOKEN, until, untilLive } from './harness.mjs';

const OUTAGE_MS = 30_000;

test('a client with default timeouts recovers every event and action after 30 s without network', async () => {
  const network = await Network.start();
  const staff = new RestaurantQR(FAST_SETTINGS);
  const { session: id } = await createSession(staff);
  const { WebSocket } = FAST_SETTINGS;
  const qr = new RestaurantQR({ url: network.url, token: TOKEN, WebSocket });
  const [acting, listening] = [staff.session(id), qr.session(id)];
  await Promise.all([untilLive(acting), untilLive(listening)]);
  const seqs = seqsOf(listening);
  const states = [];
  listening.on('status', ({ state }) => states.push(state));

  const outage = new Promise((resolve) => setTimeout(resolve, OUTAGE_MS)); // real time: default timeouts must expire
  network.silence();
  for (const guests_count of [2, 3, 4]) {
    await acting.request('update_guests_count', { guests_count });
  }
  const pending = listening.request('call_waiter', { reason: 'bill' });
  await until(() => states.at(-1) === 'stale');
  await outage;
  network.restore();
  const { call_id } = await pending;
  await until(() => acting.data.calls.some((call) => call.call_id === call_id));
  await until(() => seqs.length === 4);
  await untilLive(listening);
  assert.ok(isGapless(seqs), `${seqs}`);
  assert.deepEqual(states, ['reconnecting', 'stale', 'live']);
  assert.equal(acting.data.calls.length, 1);
  for (const client of [staff, qr]) client.disconnect();
  network.close();
});
