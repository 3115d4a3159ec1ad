// Clients in Node and in Chromium recover from a killed gateway.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { browser } from './browser.mjs';
import { gateways } from './gateways.mjs';
import { createSession, FAST_SETTINGS, isGapless, seqsOf, SERVICE, until, untilLive } from './harness.mjs';

test('clients receive every event once and complete every action across a killed gateway', async () => {
  const chromium = await browser();
  const page = await chromium.connected.newPage();
  const staff = new RestaurantQR(FAST_SETTINGS);
  const { session: id } = await createSession(staff);
  const states = [];
  const watching = new RestaurantQR({ ...FAST_SETTINGS, onStatus: ({ state }) => states.push(state) });
  const session = watching.session(id);
  const acting = staff.session(id);
  await Promise.all([untilLive(session), untilLive(acting)]);
  const seqs = seqsOf(session);
  await page.goto(SERVICE);
  await page.evaluate(
    async ([id, token]) => {
      const { RestaurantQR } = await import('/client/index.js');
      Object.assign(window, { seqs: [], session: new RestaurantQR({ token }).session(id) });
      session.on('event', (data, { seq }) => seqs.push(seq));
    },
    [id, FAST_SETTINGS.token],
  );
  const isPageLive = () => page.evaluate(() => session.status.state === 'live');
  await until(isPageLive);

  const before = gateways();
  assert.ok(before.length > 0);
  const counts = [2, 3, 4, 5, 6, 7];
  const acks = [];
  const sent = counts.map(async (guests_count) => {
    acks.push([guests_count, await acting.request('update_guests_count', { guests_count })]);
  });
  for (const pid of before) process.kill(pid, 'SIGKILL');
  const called = page.evaluate(() => session.request('call_waiter').then((ack) => ack.call_id));
  await Promise.all(sent);
  assert.ok(await called);

  await until(() => seqs.length === counts.length + 1);
  await until(() => page.evaluate(() => window.seqs.length >= 7));
  await untilLive(session);
  await until(isPageLive);
  assert.ok(isGapless(seqs), `${seqs}`);
  assert.deepEqual(await page.evaluate(() => window.seqs), seqs);
  assert.deepEqual(acks.map(([count]) => count), counts);
  assert.ok(acks.every(([, { changed }]) => changed));
  assert.ok(states.includes('reconnecting'));
  assert.ok(gateways().every((pid) => !before.includes(pid)));
  for (const client of [staff, watching]) client.disconnect();
  await chromium.close();
});
