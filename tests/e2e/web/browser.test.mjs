// The client in a real browser, as the gateway serves it.
/* global qr, seqs, session, states */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { browser } from './browser.mjs';
import { createSession, FAST_SETTINGS, isGapless, Network, until, untilLive } from './harness.mjs';

let chromium;
let network;
let staff;
let page;
const errors = [];

before(async () => {
  chromium = await browser();
  network = await Network.start();
  staff = new RestaurantQR(FAST_SETTINGS);
  page = await chromium.connected.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) errors.push(message.text());
  });
  await page.goto(`${network.url}/`);
});
after(async () => {
  staff.disconnect();
  await chromium.close();
  network.close();
  assert.deepEqual(errors, []);
});

/** Subscribe the page to a session; it sets `window.seqs`, `window.states` and `window.session`. */
async function subscribePage(id, options = {}) {
  await page.evaluate(
    async ([id, options]) => {
      const { RestaurantQR } = await import('/client/index.js');
      window.qr?.disconnect();
      Object.assign(window, { seqs: [], states: [] });
      window.qr = new RestaurantQR({ ...options, onStatus: ({ state }) => states.push(state) });
      window.session = qr.session(id);
      session.on('event', (data, { seq }) => seqs.push(seq));
    },
    [id, { token: FAST_SETTINGS.token, backoff: FAST_SETTINGS.backoff, ...options }],
  );
  await untilSessionLive();
}

const untilSessionLive = () => until(() => page.evaluate(() => session.status.state === 'live'));
const windowProperty = (name) => page.evaluate((name) => window[name], name);

async function changeGuestsCount(session, counts) {
  for (const guests_count of counts) await session.request('update_guests_count', { guests_count });
}

test('a page that imports the client from the gateway needs no URL', async () => {
  const { session: id } = await createSession(staff);
  await subscribePage(id);
  const ack = await page.evaluate(() => session.request('call_waiter', { reason: 'bill' }));
  assert.ok(ack.call_id);
  await until(() => page.evaluate(() => session.data.calls.length === 1));
  const close = await page.evaluate(async () => {
    const missing = qr.order(987654);
    return new Promise((resolve) => { missing.onclose = ({ code }) => resolve(code); });
  });
  assert.equal(close, 4404);
  const get = () => qr.http.get('/orders/987654').catch(({ code }) => code);
  const refused = await page.evaluate(get);
  assert.equal(refused, 'not_found');
});

test('a page receives every event once while its connections break', async () => {
  const { session: id } = await createSession(staff);
  const acting = staff.session(id);
  await untilLive(acting);
  await subscribePage(id);
  for (const counts of [[2, 3], [4, 5], [6, 7]]) {
    network.cut();
    await changeGuestsCount(acting, counts);
    await untilSessionLive();
  }
  const ids = page.evaluate(() => session.request('call_waiter').then(({ call_id }) => call_id));
  network.cut();
  assert.ok(await ids);
  await until(async () => (await windowProperty('seqs')).length === 7);
  assert.ok(isGapless(await windowProperty('seqs')));
});

test('a page detects a dead connection after a suspend as soon as it is online', async () => {
  const { session: id } = await createSession(staff);
  const acting = staff.session(id);
  await untilLive(acting);
  await subscribePage(id, { heartbeat: 300_000, timeout: 3_000, staleAfter: 200 });
  chromium.signal('SIGSTOP');
  network.silence(); // open connections are dead when the page resumes, without a close
  await changeGuestsCount(acting, [2, 3, 4]);
  chromium.signal('SIGCONT');
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await until(async () => (await windowProperty('states')).includes('stale'));
  network.restore();
  await untilSessionLive();
  await until(async () => (await windowProperty('seqs')).length === 3);
  assert.ok(isGapless(await windowProperty('seqs')));
});

test('a page without TLS makes valid request ids', async () => {
  const id = await page.evaluate(async () => {
    const { newRequestId } = await import('/client/requests.js');
    Object.defineProperty(crypto, 'randomUUID', { value: undefined });
    return newRequestId();
  });
  assert.match(id, /^[0-9a-f]{32}$/);
});
