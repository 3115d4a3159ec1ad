// Half a minute without network, with the client's own times: what a user has.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { gapless, HASTY, live, Network, party, seqsOf, TOKEN, until } from './house.mjs';

const OUTAGE = 30_000;

test('half a minute without network costs nothing but time', async () => {
  const network = await Network.between();
  const staff = new RestaurantQR(HASTY);
  const { session: id } = await party(staff);
  const { WebSocket } = HASTY;
  const qr = new RestaurantQR({ url: network.url, token: TOKEN, WebSocket });
  const [acting, listening] = [staff.session(id), qr.session(id)];
  await Promise.all([live(acting), live(listening)]);
  const seqs = seqsOf(listening);
  const states = [];
  listening.on('status', ({ state }) => states.push(state));

  const back = new Promise((resolve) => setTimeout(resolve, OUTAGE));
  network.silence();
  for (const guests_count of [2, 3, 4]) {
    await acting.request('update_guests_count', { guests_count });
  }
  const waiting = listening.request('call_waiter', { reason: 'bill' });
  await until(() => states.at(-1) === 'stale');
  await back;
  network.comeBack();
  const { call_id } = await waiting;
  await until(() => acting.data.calls.some((call) => call.call_id === call_id));
  await until(() => seqs.length === 4);
  await live(listening);
  assert.ok(gapless(seqs), `${seqs}`);
  assert.deepEqual(states, ['reconnecting', 'stale', 'live']);
  assert.equal(acting.data.calls.length, 1);
  for (const client of [staff, qr]) client.disconnect();
  network.close();
});
