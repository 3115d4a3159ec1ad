// A guest's first visit takes few requests and few bytes: phones on slow networks get the menu soon.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { browser } from './browser.mjs';
import { firstVisit } from './first-screen.mjs';
import { HASTY } from './house.mjs';
import { aLargeRestaurant } from './large-menu.mjs';

const MOST_REQUESTS = 10;
const MOST_BYTES = 60_000;

let chromium;
let scans;
before(async () => {
  const staff = new RestaurantQR(HASTY);
  [chromium, { scans }] = await Promise.all([
    browser(), aLargeRestaurant({ http: staff.http, token: HASTY.token }),
  ]);
  staff.disconnect();
});
after(() => chromium.close());

test('a first visit takes at most 10 requests and 60 kB', async () => {
  const { requests, bytes } = await firstVisit(chromium.connected, scans[3]);
  assert.ok(requests > 4 && requests <= MOST_REQUESTS, `${requests} requests`);
  assert.ok(bytes > 15_000 && bytes <= MOST_BYTES, `${bytes} bytes`);
});

test('a first visit shows the menu before the session’s channel has answered', async () => {
  const page = await chromium.connected.newPage({ locale: 'en-GB' });
  const requested = [];
  page.on('request', (request) => requested.push(new URL(request.url()).pathname));
  await page.routeWebSocket(/\/ws\/tables\/sessions\//, () => {});
  await page.goto(scans[2]);
  await page.getByRole('heading', { name: 'Table 3' }).waitFor();
  await page.getByRole('button', { name: /^Add / }).first().click();
  await page.getByRole('button', { name: /^One .* fewer$/ }).waitFor();
  assert.match(requested[1], /^\/assets\/guest-\w+\.js$/); // it comes on the connection that brought the page
  await page.close();
});
