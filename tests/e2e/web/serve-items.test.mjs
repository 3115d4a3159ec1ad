// A waiter serves the ready items of an order one by one; guests and managers see which are served. In Chromium,
// against a real service.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { assertAccessible } from './axe.mjs';
import { Devices, untilPageLive } from './devices.mjs';
import { FAST_SETTINGS, SERVICE, until } from './harness.mjs';
import { faultsInLayouts } from './layout.mjs';

const staff = new RestaurantQR(FAST_SETTINGS);
const { http } = staff;
const devices = new Devices();
const fragment = `#token=${staff.token}`;

before(() => devices.start());
after(async () => {
  staff.disconnect();
  await devices.close();
  assert.deepEqual(devices.errors, []);
});

/** Create a restaurant with a confirmed order of soup, fish and cake, of which soup and fish are ready. */
async function createRestaurant() {
  const { restaurant_id: id } = await http.post('/restaurants', { name: 'Aurora', currency: 'EUR', timezone: 'Europe/Rome' });
  const { waiter_id } = await http.post(`/restaurants/${id}/waiters`, { name: 'Ada' });
  const { table_id } = await http.post(`/restaurants/${id}/tables`, { number: '4', zone: 'A', seats: 4, waiter_id });
  const { session_id } = await http.post(`/tables/${table_id}/sessions`, {});
  const items = ['Soup', 'Fish', 'Cake'].map((name) => ({ name, quantity: 1, unit_price: '5.00' }));
  const { order_id: order } = await http.post(`/sessions/${session_id}/orders`, { items });
  await http.patch(`/orders/${order}`, { status: 'confirmed' });
  for (const item of [1, 2]) await http.patch(`/orders/${order}/items/${item}`, { status: 'ready' });
  const { url: guest } = await http.get(`/tables/${table_id}/code`);
  return { order, guest, waiter: `${SERVICE}/waiter/?waiter=${waiter_id}${fragment}`, manager: `${SERVICE}/manager/?restaurant=${id}${fragment}` };
}

async function open(address, device = 'phone') {
  const page = await devices.page(device);
  await page.goto(address);
  await untilPageLive(page);
  return page;
}

const dish = (page, name) => page.getByRole('dialog').locator('.dishes > li', { hasText: name });
const served = async (order) => (await http.get(`/orders/${order}/items`)).data.items.filter((item) => item.delivered_at).map(({ name }) => name);
const statusOf = async (order) => (await http.get(`/orders/${order}`)).data.status;

test('a waiter serves ready items one by one, and everyone sees which are served', async () => {
  const { order, guest, waiter, manager } = await createRestaurant();
  const [phone, page, office] = await Promise.all([open(guest), open(waiter), open(manager, 'desktop')]);
  await page.locator('.table').click();
  assert.equal(await dish(page, 'Cake').getByRole('button', { name: 'Cake is served' }).count(), 0);
  await dish(page, 'Soup').getByRole('button', { name: 'Soup is served' }).press('Enter');
  await page.getByText('Soup is served.').waitFor();
  await dish(page, 'Soup').locator('.status', { hasText: 'Served' }).waitFor();
  assert.equal(await dish(page, 'Soup').getByRole('button', { name: 'Soup is served' }).count(), 0);
  await dish(page, 'Fish').locator('.status', { hasText: 'Ready' }).waitFor();
  await assertAccessible(page);
  assert.deepEqual(await faultsInLayouts(page), {});

  await phone.getByRole('navigation', { name: 'Parts of this page' }).getByRole('button', { name: 'Orders' }).press('Enter');
  await phone.locator('.order .bill-line', { hasText: 'Soup' }).getByText('Served').waitFor();
  assert.equal(await phone.locator('.order .bill-line', { hasText: 'Fish' }).getByText('Served').count(), 0);
  await assertAccessible(phone);
  assert.deepEqual(await faultsInLayouts(phone), {});
  await office.locator('.floor-table').click();
  await office.getByRole('dialog').getByRole('button', { name: /^Order \d/ }).press('Enter');
  await dish(office, 'Soup').locator('.status', { hasText: 'Served' }).waitFor();
  assert.deepEqual([await served(order), await statusOf(order)], [['Soup'], 'confirmed']);
});

test('a waiter’s list shows what is left to serve, and the last item completes the order', async () => {
  const { order, waiter } = await createRestaurant();
  const page = await open(waiter);
  await http.post(`/orders/${order}/deliveries`, { item_ids: [1] });
  await http.patch(`/orders/${order}`, { status: 'ready' });
  const row = page.locator('.todo-row[data-kind=serve]');
  await until(async () => /^1 × Fish\s*1 × Cake$/.test(await row.locator('strong').innerText()), 'the row has fish and cake');
  await page.locator('.table').click();
  for (const name of ['Fish', 'Cake']) await dish(page, name).getByRole('button', { name: `${name} is served` }).press('Enter');
  await until(async () => await statusOf(order) === 'delivered', 'the order is delivered');
  await row.waitFor({ state: 'detached' });
  await page.getByRole('dialog').locator('.orders > [data-status=delivered]').waitFor();
  assert.equal(await page.getByRole('dialog').locator('.dishes .status').count(), 0);
});
