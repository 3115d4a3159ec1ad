// Measures a guest's first visit, from the scan until a dish can be added: requests, bytes and time.
//
// `node first-screen.mjs RUNS` prints the figures of RUNS first visits on slow 3G, as JSON.
import { RestaurantQR } from '../../../web/client/index.js';
import { browser } from './browser.mjs';
import { FAST_SETTINGS, SERVICE } from './harness.mjs';
import { createLargeRestaurant } from './large-menu.mjs';
import { slowNetwork } from './slow-network.mjs';

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, locale: 'en-GB' };
const SLOW_3G = { kilobitsPerSecond: 400, roundTrip: 400 };
const CPU_SLOWDOWN = 4;

/**
 * Visit a guest's page with an empty cache until the first dish can be added. Resolves to the number of HTTP
 * requests, the bytes of their responses with headers, and the milliseconds since the navigation began.
 */
export async function firstVisit(connected, scan, { cpuSlowdown = 1 } = {}) {
  const context = await connected.newContext(PHONE);
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: cpuSlowdown });
  const visit = { requests: 0, bytes: 0, milliseconds: 0 };
  devtools.on('Network.requestWillBeSent', () => { visit.requests += 1; });
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => { visit.bytes += encodedDataLength; });
  await page.goto(scan, { waitUntil: 'commit' });
  await page.getByRole('button', { name: /^Add / }).first().click({ trial: true });
  visit.milliseconds = await page.evaluate(() => performance.now());
  const result = { ...visit };
  await context.close();
  return result;
}

async function onSlow3G(runs) {
  const staff = new RestaurantQR(FAST_SETTINGS);
  const { scans } = await createLargeRestaurant({ http: staff.http, token: FAST_SETTINGS.token });
  const network = await slowNetwork(SERVICE, SLOW_3G);
  const chromium = await browser();
  const visits = [];
  try {
    for (let run = 0; run < runs; run += 1) {
      const scan = scans[run % scans.length].replace(/^https?:\/\/[^/]+/, network.url);
      visits.push(await firstVisit(chromium.connected, scan, { cpuSlowdown: CPU_SLOWDOWN }));
    }
  } finally {
    await chromium.close();
    network.close();
    staff.disconnect();
  }
  return visits;
}

if (process.argv[1] === import.meta.filename) {
  console.log(JSON.stringify(await onSlow3G(Number(process.argv[2] ?? 1))));
}
