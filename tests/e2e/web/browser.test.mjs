// The client in a real browser, as the gateway serves it.
/* global qr, seqs, session, states */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { browser } from './browser.mjs';
import { gapless, HASTY, live, Network, party, until } from './house.mjs';

let chromium;
let network;
let staff;
let page;
const mistakes = [];

before(async () => {
  chromium = await browser();
  network = await Network.between();
  staff = new RestaurantQR(HASTY);
  page = await chromium.connected.newPage();
  page.on('pageerror', (error) => mistakes.push(error.message));
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) mistakes.push(message.text());
  });
  await page.goto(`${network.url}/`);
});
after(async () => {
  staff.disconnect();
  await chromium.close();
  network.close();
  assert.deepEqual(mistakes, []);
});

/** Let the page listen to a session: `window.seqs`, `window.states` and `window.session` tell. */
async function listens(id, options = {}) {
  await page.evaluate(
    async ([id, options]) => {
      const { RestaurantQR } = await import('/client/index.js');
      window.qr?.disconnect();
      Object.assign(window, { seqs: [], states: [] });
      window.qr = new RestaurantQR({ ...options, onStatus: ({ state }) => states.push(state) });
      window.session = qr.session(id);
      session.on('event', (data, { seq }) => seqs.push(seq));
    },
    [id, { token: HASTY.token, backoff: HASTY.backoff, ...options }],
  );
  await pageLive();
}

const pageLive = () => until(() => page.evaluate(() => session.status.state === 'live'));
const inPage = (name) => page.evaluate((name) => window[name], name);

async function change(session, counts) {
  for (const guests_count of counts) await session.request('update_guests_count', { guests_count });
}

test('a page imports it from the gateway, and nothing else need be said', async () => {
  const { session: id } = await party(staff);
  await listens(id);
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

test('a page misses nothing while its connection breaks', async () => {
  const { session: id } = await party(staff);
  const acting = staff.session(id);
  await live(acting);
  await listens(id);
  for (const counts of [[2, 3], [4, 5], [6, 7]]) {
    network.cut();
    await change(acting, counts);
    await pageLive();
  }
  const ids = page.evaluate(() => session.request('call_waiter').then(({ call_id }) => call_id));
  network.cut();
  assert.ok(await ids);
  await until(async () => (await inPage('seqs')).length === 7);
  assert.ok(gapless(await inPage('seqs')));
});

test('a page whose machine was asleep makes sure as it is looked at again', async () => {
  const { session: id } = await party(staff);
  const acting = staff.session(id);
  await live(acting);
  await listens(id, { heartbeat: 300_000, timeout: 3_000, staleAfter: 200 });
  chromium.signal('SIGSTOP');
  network.silence(); // what was open is dead when it wakes up, and nobody says so
  await change(acting, [2, 3, 4]);
  chromium.signal('SIGCONT');
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  await until(async () => (await inPage('states')).includes('stale'));
  network.comeBack();
  await pageLive();
  await until(async () => (await inPage('seqs')).length === 3);
  assert.ok(gapless(await inPage('seqs')));
});

test('a page without TLS has what a request id is made of', async () => {
  const id = await page.evaluate(async () => {
    const { newRequestId } = await import('/client/requests.js');
    Object.defineProperty(crypto, 'randomUUID', { value: undefined });
    return newRequestId();
  });
  assert.match(id, /^[0-9a-f]{32}$/);
});
