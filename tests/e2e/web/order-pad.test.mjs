// A waiter takes orders on a phone, and the staff set what guests can order, in Chromium, against a real service.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { assertAccessible } from './axe.mjs';
import { Devices, untilPageLive } from './devices.mjs';
import { FAST_SETTINGS, SERVICE, until } from './harness.mjs';

const staff = new RestaurantQR(FAST_SETTINGS);
const { http } = staff;
const devices = new Devices();
const tokenFragment = `#token=${staff.token}`;

before(() => devices.start());
after(async () => {
  staff.disconnect();
  await devices.close();
  assert.deepEqual(devices.errors, []);
});

const button = (page, name) => page.getByRole('button', { name });
/** By keyboard: a second tap within 0.4 s near the first one is ignored. */
const press = (page, name) => button(page, name).press('Enter');

const MENU = {
  categories: [
    { name: 'Food', items: [{ name: 'Crème brûlée', price: '6.50' }, { name: 'Steak', price: '24.00', option_group_ids: ['degree'] }] },
    { name: 'Drinks', items: [{ name: 'Tea', price: '2.50' }] },
  ],
  option_groups: [{ name: 'Degree', external_id: 'degree', min: 1, options: [{ name: 'Rare' }, { name: 'Medium' }] }],
};

/** Create a restaurant with that menu, a waiter and a session at the waiter's table. */
async function createRestaurant() {
  const { restaurant_id: id } = await http.post('/restaurants', { name: 'Aurora', currency: 'EUR', timezone: 'Europe/Rome' });
  await http.put(`/restaurants/${id}/menu`, MENU);
  const { data: { categories: [{ items: [dessert] }] } } = await http.get(`/restaurants/${id}/menu`);
  const { waiter_id } = await http.post(`/restaurants/${id}/waiters`, { name: 'Ada' });
  const { table_id } = await http.post(`/restaurants/${id}/tables`, { number: '4', zone: 'A', seats: 4, waiter_id });
  const { session_id } = await http.post(`/tables/${table_id}/sessions`, {});
  const { url } = await http.get(`/tables/${table_id}/code`);
  const orders = async () => (await http.get(`/sessions/${session_id}`)).data.orders;
  return { id, session_id, orders, dessert: dessert.id, guest: url, waiter: `${SERVICE}/waiter/?waiter=${waiter_id}${tokenFragment}` };
}

async function openPad(address) {
  const page = await devices.page('phone');
  await page.goto(address);
  await untilPageLive(page);
  await page.locator('.table').click();
  await press(page, /Take an order|Continue/);
  return page;
}

test('a waiter finds dishes, chooses options, adds notes and sends the order', async () => {
  const { waiter, orders } = await createRestaurant();
  const page = await openPad(waiter);
  const sheet = page.getByRole('dialog');
  await sheet.getByLabel('Search the menu').fill('brulee');
  await button(sheet, /^Crème/).click();
  await button(sheet, /^Crème/).click();
  await sheet.getByLabel('Search the menu').fill('');
  await button(sheet, /^Steak/).click(); // it opens its options, one of which is required
  await sheet.getByLabel('Medium').check();
  await press(sheet, 'Add to the order');
  await press(sheet, 'Review · 3 items');
  await sheet.locator('.pad-lines li', { hasText: 'Steak' }).getByLabel('Notes for the kitchen').fill('No pepper');
  await assertAccessible(page);
  await page.reload();
  await untilPageLive(page);
  await page.locator('.table').click();
  await press(page, 'Continue the order · 3 items');
  await press(sheet, /^Review/);
  await press(sheet, 'Send the order');
  const [{ order_id, total_amount }] = await until(async () => (await orders()).length > 0 && orders());
  assert.equal(total_amount, '37.00');
  const { data: { items } } = await http.get(`/orders/${order_id}/items`);
  assert.deepEqual(
    items.map(({ name, quantity, notes, options }) => [name, quantity, notes, options.map((option) => option.name)]),
    [['Crème brûlée', 2, '', []], ['Steak', 1, 'No pepper', ['Medium']]],
  );
  await press(page, 'Take an order');
  await page.getByRole('heading', { name: 'Often ordered' }).waitFor();
  await press(sheet, 'Repeat the last round');
  await button(sheet, 'Review · 3 items').waitFor();
});

test('an order whose answer is lost is sent again with the same key, and placed once', async () => {
  const { waiter, orders } = await createRestaurant();
  const page = await openPad(waiter);
  const sheet = page.getByRole('dialog');
  await button(sheet, /^Tea/).click();
  await press(sheet, /^Review/);
  const keys = [];
  await page.route('**/orders', async (route) => {
    keys.push(route.request().headers()['idempotency-key']);
    await route.fetch();
    await route.abort();
  });
  await press(sheet, 'Send the order');
  await sheet.getByText('This order may not have been placed').waitFor();
  await page.unroute('**/orders');
  await page.reload();
  await untilPageLive(page);
  await page.locator('.table').click();
  await press(page, /^Continue/);
  await press(sheet, 'Try again');
  await page.getByText('Order sent.').waitFor();
  assert.equal(new Set(keys).size, 1);
  assert.equal((await orders()).length, 1);
});

test('a dish that sells out while it is in the order blocks it, and nothing else is lost', async () => {
  const { waiter, id, dessert } = await createRestaurant();
  const page = await openPad(waiter);
  const sheet = page.getByRole('dialog');
  await button(sheet, /^Crème/).click();
  await button(sheet, /^Tea/).click();
  await press(sheet, /^Review/);
  await http.patch(`/restaurants/${id}/menu/items/${dessert}`, { available: false });
  await sheet.locator('.pad-lines li', { hasText: 'Crème brûlée' }).getByText('Sold out').waitFor();
  assert.equal(await button(sheet, 'Send the order').isDisabled(), true);
  await press(sheet, 'One Crème brûlée fewer');
  await press(sheet, 'Send the order');
  await page.getByText('Order sent.').waitFor();
});

test('a kitchen pauses guests’ orders with two taps, and guests see it at once', async () => {
  const { id, guest } = await createRestaurant();
  const phone = await devices.page('phone');
  await phone.goto(guest);
  await untilPageLive(phone);
  const kitchen = await devices.page('desktop');
  await kitchen.goto(`${SERVICE}/kitchen/?restaurant=${id}${tokenFragment}`);
  await untilPageLive(kitchen);
  await button(kitchen, 'Pause orders').click();
  await press(kitchen, '30 min');
  await phone.getByText(/Ordering is paused until/).first().waitFor();
  await button(phone, 'Add Tea').click();
  await press(phone, /^Basket/);
  assert.equal(await button(phone, 'Place the order').isDisabled(), true);
  await press(kitchen, 'Resume orders');
  await until(async () => !(await button(phone, 'Place the order').isDisabled()));
});

test('a kitchen sets a dish to sold out today, and it is available again when staff say so', async () => {
  const { id, guest } = await createRestaurant();
  const phone = await devices.page('phone');
  await phone.goto(guest);
  await untilPageLive(phone);
  const kitchen = await devices.page('desktop');
  await kitchen.goto(`${SERVICE}/kitchen/?restaurant=${id}${tokenFragment}`);
  await untilPageLive(kitchen);
  await button(kitchen, 'Sold out').click();
  const row = kitchen.getByRole('dialog').locator('li', { hasText: /^Tea/ });
  await press(row, 'Sold out today');
  await row.getByText(/^until/).waitFor();
  await phone.locator('.dish', { hasText: /^T?Tea/ }).getByText('Sold out').waitFor();
  await press(row, 'Available again');
  await phone.locator('.dish', { hasText: /^T?Tea/ }).getByText('Sold out').waitFor({ state: 'detached' });
});

test('a kitchen sets the portions of a dish, and guests cannot order more', async () => {
  const { id, guest } = await createRestaurant();
  const phone = await devices.page('phone');
  await phone.goto(guest);
  await untilPageLive(phone);
  const kitchen = await devices.page('desktop');
  await kitchen.goto(`${SERVICE}/kitchen/?restaurant=${id}${tokenFragment}`);
  await untilPageLive(kitchen);
  await button(kitchen, 'Sold out').click();
  const portions = kitchen.getByRole('dialog').locator('li', { hasText: /^Tea/ }).getByLabel('Portions left');
  await portions.fill('2');
  await portions.press('Enter');
  const dish = phone.locator('.dish', { hasText: /^T?Tea/ });
  await dish.getByText('Only 2 left').waitFor();
  await press(phone, 'Add Tea');
  await press(phone, 'Add Tea');
  await button(phone, 'Add Tea').waitFor({ state: 'detached' });
  await portions.fill('0');
  await portions.press('Enter');
  await dish.getByText('Sold out').waitFor();
});

test('a manager adds a dish with a photo, which guests see', async () => {
  const { id, guest } = await createRestaurant();
  const manager = await devices.page('desktop');
  await manager.goto(`${SERVICE}/manager/?restaurant=${id}${tokenFragment}`);
  await untilPageLive(manager);
  await button(manager, 'Add a dish: Drinks').click();
  const sheet = manager.getByRole('dialog');
  await sheet.getByLabel('Name', { exact: true }).first().fill('Juice');
  await sheet.getByLabel('Price').fill('4,20');
  const photo = await manager.evaluate(() => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [2000, 1000];
    return canvas.toDataURL('image/png').split(',')[1];
  });
  await sheet.locator('input[type=file]').setInputFiles({ name: 'juice.png', mimeType: 'image/png', buffer: Buffer.from(photo, 'base64') });
  await sheet.locator('img.photo').waitFor();
  await sheet.locator('input[type=file]').setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('no image') });
  await sheet.getByText('It is not a JPEG, PNG or WebP image.').waitFor();
  await press(sheet, 'Save');
  await sheet.waitFor({ state: 'detached' });
  const phone = await devices.page('phone');
  await phone.goto(guest);
  await untilPageLive(phone);
  const image = phone.locator('.dish', { hasText: 'Juice' }).locator('img.photo');
  await until(() => image.evaluate((element) => element.complete && element.naturalWidth > 0));
});
