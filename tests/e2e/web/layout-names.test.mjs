// The longest names that there may be, and the longest pages: they fit every window, too.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices } from './devices.mjs';
import { HASTY, SERVICE, TOKEN } from './house.mjs';
import { faultsInLayouts, optionsOf, PAIRED_LAYOUTS } from './layout.mjs';
import { live } from './scenes.mjs';

const staff = new RestaurantQR(HASTY);
const devices = new Devices();
let pages;

const long = (length) => 'Donaudampfschifffahrt'.repeat(6).slice(0, length);

/** The addresses of the pages of a restaurant in which all names are as long as they may be. */
async function aRestaurantOfLongNames() {
  const { http } = staff;
  const signed = `#token=${staff.token}`;
  const { restaurant_id: id } = await http.post('/restaurants', { name: long(120), currency: 'EUR', timezone: 'Europe/Vienna' });
  const dish = { name: long(120), description: long(120), price: '1234567.89' };
  await http.put(`/restaurants/${id}/menu`, { categories: [{ name: long(120), items: [dish] }] });
  const { waiter_id } = await http.post(`/restaurants/${id}/waiters`, { name: long(120) });
  const table = { number: long(40), zone: long(40), seats: 4, waiter_id };
  const { table_id } = await http.post(`/restaurants/${id}/tables`, table);
  const { session_id } = await http.post(`/tables/${table_id}/sessions`, { guests_count: 2 });
  const { data: { categories: [{ items: [{ id: menu_item_id }] }] } } = await http.get(`/restaurants/${id}/menu`);
  await http.post(`/sessions/${session_id}/orders`, { items: [{ menu_item_id, notes: long(120) }] });
  await http.post(`/waiters/${waiter_id}/tasks`, { message: long(120) });
  await http.post(`/restaurants/${id}/devices`, { role: 'kitchen', label: long(40) });
  const { url } = await http.get(`/tables/${table_id}/code`);
  return {
    guest: url,
    kitchen: `${SERVICE}/kitchen/?restaurant=${id}${signed}`,
    waiter: `${SERVICE}/waiter/?waiter=${waiter_id}${signed}`,
    manager: `${SERVICE}/manager/?restaurant=${id}${signed}`,
    codes: `${SERVICE}/manager/codes.html?restaurant=${id}${signed}`,
    sheet: `${SERVICE}/api/restaurants/${id}/qr-sheet`,
  };
}

before(async () => {
  [pages] = await Promise.all([aRestaurantOfLongNames(), devices.start()]);
});
after(async () => {
  staff.disconnect();
  await devices.close();
  assert.deepEqual(devices.mistakes, []);
});

/** What is opened on a page, if anything, and must fit as the page itself does. */
const SCENES = {
  'the guest’s menu': ['guest'],
  'the guest’s basket': ['guest', (page) => page.getByRole('button', { name: /^Add / }), (page) => page.getByRole('button', { name: /^Basket/ })],
  'the kitchen': ['kitchen'],
  'the waiter’s tables': ['waiter'],
  'the waiter’s table': ['waiter', (page) => page.locator('.table')],
  'the manager’s floor': ['manager'],
  'the manager’s table': ['manager', (page) => page.locator('.seat')],
  'the manager’s order': ['manager', (page) => page.locator('.open-orders .order')],
  'the manager’s devices': ['manager', (page) => page.getByRole('button', { name: 'Devices' })],
};

for (const [name, [where, ...presses]] of Object.entries(SCENES)) {
  test(`the longest names fit ${name}`, async () => {
    const page = await devices.page('phone');
    await page.goto(pages[where]);
    await live(page);
    await page.locator('main').getByText('Donaudampf').first().waitFor();
    for (const pressed of presses) await pressed(page).first().click();
    if (presses.length > 0) {
      await page.getByRole('dialog').waitFor();
      await page.waitForLoadState('networkidle');
    }
    assert.deepEqual(await faultsInLayouts(page), {});
    await page.context().close();
  });
}

test('the longest names fit the page that prints codes, and the plain sheet of codes', async () => {
  const page = await devices.page('phone', 'light', { extraHTTPHeaders: { Authorization: `Bearer ${TOKEN}` } });
  await page.goto(pages.codes);
  await page.locator('.cards figure').first().waitFor();
  assert.deepEqual(await faultsInLayouts(page), {}, 'the page');
  await page.context().close();
  const sheet = await devices.page('desktop', 'light', { ...optionsOf('desktop'), extraHTTPHeaders: { Authorization: `Bearer ${TOKEN}` } });
  await sheet.goto(pages.sheet);
  await sheet.locator('figure').first().waitFor();
  assert.deepEqual(await faultsInLayouts(sheet), {}, 'the sheet');
});

test('the documents fit every window', async () => {
  for (const [path, shown] of [['/api/docs', '.opblock'], ['/api/asyncapi', 'asyncapi-viewer h2 >> visible=true']]) {
    const page = await devices.page('phone');
    await page.goto(SERVICE + path);
    await page.locator(shown).first().waitFor();
    const layouts = PAIRED_LAYOUTS.filter(({ direction }) => direction === 'ltr');
    assert.deepEqual(await faultsInLayouts(page, layouts), {}, path);
    await page.context().close();
  }
});
