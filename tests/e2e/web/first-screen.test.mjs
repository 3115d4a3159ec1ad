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
before(async () => { chromium = await browser(); });
after(() => chromium.close());

test('a first visit takes at most 10 requests and 60 kB', async () => {
  const staff = new RestaurantQR(HASTY);
  const { scans } = await aLargeRestaurant({ http: staff.http, token: HASTY.token });
  const { requests, bytes } = await firstVisit(chromium.connected, scans[3]);
  staff.disconnect();
  assert.ok(requests > 4 && requests <= MOST_REQUESTS, `${requests} requests`);
  assert.ok(bytes > 15_000 && bytes <= MOST_BYTES, `${bytes} bytes`);
});
