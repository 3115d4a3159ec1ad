// Limits of requests and bytes of a guest's first visit, for phones on slow networks.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { browser } from './browser.mjs';
import { firstVisit } from './first-screen.mjs';
import { FAST_SETTINGS } from './harness.mjs';
import { createLargeRestaurant } from './large-menu.mjs';

const MAX_REQUESTS = 10;
const MAX_BYTES = 60_000;

let chromium;
let scans;
before(async () => {
  const staff = new RestaurantQR(FAST_SETTINGS);
  [chromium, { scans }] = await Promise.all([
    browser(), createLargeRestaurant({ http: staff.http, token: FAST_SETTINGS.token }),
  ]);
  staff.disconnect();
});
after(() => chromium.close());

test('a first visit takes at most 10 requests and 60 kB', async () => {
  const { requests, bytes } = await firstVisit(chromium.connected, scans[3]);
  assert.ok(requests > 4 && requests <= MAX_REQUESTS, `${requests} requests`);
  assert.ok(bytes > 15_000 && bytes <= MAX_BYTES, `${bytes} bytes`);
});

test('a first visit loads the texts of the reader’s language alone', async () => {
  const page = await chromium.connected.newPage({ locale: 'fr-FR' });
  const requested = [];
  page.on('request', (request) => requested.push(new URL(request.url()).pathname));
  await page.goto(scans[3]);
  await page.getByRole('button', { name: /^Ajouter / }).first().waitFor();
  const texts = requested.filter((path) => /^\/assets\/guest-[a-z]{2}-/.test(path));
  assert.match(texts.join(), /^\/assets\/guest-fr-\w+\.js$/);
  assert.equal(await page.locator(`link[rel=modulepreload][href$="${texts[0]}"]`).count(), 1);
  await page.close();
});

test('a first visit shows the menu before the session’s channel receives a message', async () => {
  const page = await chromium.connected.newPage({ locale: 'en-GB' });
  const requested = [];
  page.on('request', (request) => requested.push(new URL(request.url()).pathname));
  await page.routeWebSocket(/\/ws\/tables\/sessions\//, () => {});
  await page.goto(scans[2]);
  await page.getByRole('heading', { name: 'Table 3' }).waitFor();
  await page.getByRole('button', { name: /^Add / }).first().click();
  await page.getByRole('button', { name: /^One .* fewer$/ }).waitFor();
  assert.match(requested[1], /^\/assets\/guest-\w+\.js$/); // the first request on the page's own connection
  await page.close();
});
