// Layout of pages with the longest allowed names, and of the longest pages.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices, untilPageLive } from './devices.mjs';
import { FAST_SETTINGS, SERVICE, TOKEN } from './harness.mjs';
import { faultsInLayouts, optionsOf, PAIRED_LAYOUTS } from './layout.mjs';

const staff = new RestaurantQR(FAST_SETTINGS);
const devices = new Devices();
let pages;

const long = (length) => 'Donaudampfschifffahrt'.repeat(6).slice(0, length);

/** Create a restaurant with the longest allowed names; returns the URLs of its pages. */
async function createRestaurantWithLongNames() {
  const { http } = staff;
  const tokenFragment = `#token=${staff.token}`;
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
    kitchen: `${SERVICE}/kitchen/?restaurant=${id}${tokenFragment}`,
    waiter: `${SERVICE}/waiter/?waiter=${waiter_id}${tokenFragment}`,
    manager: `${SERVICE}/manager/?restaurant=${id}${tokenFragment}`,
    codes: `${SERVICE}/manager/codes.html?restaurant=${id}${tokenFragment}`,
    sheet: `${SERVICE}/api/restaurants/${id}/qr-sheet`,
  };
}

before(async () => {
  [pages] = await Promise.all([createRestaurantWithLongNames(), devices.start()]);
});
after(async () => {
  staff.disconnect();
  await devices.close();
  assert.deepEqual(devices.errors, []);
});

/** Scene -> page, and the buttons that open the scene. */
const SCENES = {
  'the guest’s menu': ['guest'],
  'the guest’s basket': ['guest', (page) => page.getByRole('button', { name: /^Add / }), (page) => page.getByRole('button', { name: /^Basket/ })],
  'the kitchen': ['kitchen'],
  'the waiter’s tables': ['waiter'],
  'the waiter’s table': ['waiter', (page) => page.locator('.table')],
  'the manager’s floor': ['manager'],
  'the manager’s table': ['manager', (page) => page.locator('.floor-table')],
  'the manager’s order': ['manager', (page) => page.locator('.open-orders .order')],
  'the manager’s devices': ['manager', (page) => page.getByRole('button', { name: 'Devices' })],
};

for (const [name, [path, ...buttons]] of Object.entries(SCENES)) {
  test(`the longest names fit ${name}`, async () => {
    const page = await devices.page('phone');
    await page.goto(pages[path]);
    await untilPageLive(page);
    await page.locator('main').getByText('Donaudampf').first().waitFor();
    for (const button of buttons) await button(page).first().click();
    if (buttons.length > 0) {
      await page.getByRole('dialog').waitFor();
      await page.waitForLoadState('networkidle');
    }
    assert.deepEqual(await faultsInLayouts(page), {});
    await page.context().close();
  });
}

test('the longest names fit the page that prints codes and the sheet of codes', async () => {
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
