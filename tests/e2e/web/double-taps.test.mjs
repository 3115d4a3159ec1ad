// The second tap of a double tap does not press a button that the first tap revealed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
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

/** Create a restaurant with a table that has an order of 14.50. */
async function createRestaurant() {
  const { restaurant_id: id } = await http.post('/restaurants', { name: 'Aurora', currency: 'EUR', timezone: 'Europe/Rome' });
  await http.put(`/restaurants/${id}/menu`, { categories: [{ name: 'Food', items: [{ name: 'Soup', price: '14.50' }] }] });
  const { data: { categories: [{ items: [soup] }] } } = await http.get(`/restaurants/${id}/menu`);
  const { waiter_id } = await http.post(`/restaurants/${id}/waiters`, { name: 'Ada' });
  const { table_id } = await http.post(`/restaurants/${id}/tables`, { number: '4', zone: 'A', seats: 4, waiter_id });
  const { session_id } = await http.post(`/tables/${table_id}/sessions`, { guests_count: 1 });
  const { order_id } = await http.post(`/sessions/${session_id}/orders`, { items: [{ menu_item_id: soup.id }] });
  const { url } = await http.get(`/tables/${table_id}/code`);
  return { id, waiter_id, session_id, order_id, scan: url };
}

/** Open a page in which taps follow each other fast, also on a slow machine, until `slower` is 1. */
async function openPage(address) {
  const page = await devices.page('phone');
  await page.addInitScript(() => {
    window.slower = 1_000;
    Object.defineProperty(Event.prototype, 'timeStamp', { get: () => performance.now() / window.slower });
  });
  await page.goto(address);
  await untilPageLive(page);
  return page;
}

/** Tap an element; returns a function that taps the same place again. */
async function tapOnce(page, locator) {
  await locator.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await locator.boundingBox();
  const tap = () => page.touchscreen.tap(x + width / 2, y + height / 2);
  await tap();
  return tap;
}

test('the second tap of a double tap on "Take" does not take the next amount', async () => {
  const { waiter_id, order_id } = await createRestaurant();
  const page = await openPage(`${SERVICE}/waiter/?waiter=${waiter_id}${tokenFragment}`);
  await page.locator('.table').click();
  await page.getByLabel('Amount').fill('10');
  const again = await tapOnce(page, button(page, 'Take €10.00'));
  const rest = button(page, 'Take €4.50');
  await until(async () => (await rest.isVisible()) && rest.isEnabled());
  await again();
  await page.getByLabel('Amount').fill('1');
  await button(page, 'Take €1.00').press('Enter');
  await button(page, 'Take €3.50').waitFor();
  assert.equal((await http.get(`/orders/${order_id}`)).data.paid_amount, '11.00');
});

test('the second tap of a double tap on "Confirm" does not finish the order', async () => {
  const { id, order_id } = await createRestaurant();
  const page = await openPage(`${SERVICE}/kitchen/?restaurant=${id}${tokenFragment}`);
  const ticket = page.locator(`[data-order="${order_id}"]`);
  await ticket.getByText('Soup').waitFor();
  const again = await tapOnce(page, button(ticket, 'Confirm'));
  await button(ticket, 'All ready').waitFor();
  await again();
  await page.evaluate(() => { window.slower = 1; });
  assert.equal(await button(ticket, 'All ready').getAttribute('aria-busy'), 'false');
  assert.equal((await http.get(`/orders/${order_id}`)).data.status, 'confirmed');
  await again();
  await until(async () => (await http.get(`/orders/${order_id}`)).data.status === 'ready');
});

test('the second tap of a double tap on "Withdraw" does not confirm it', async () => {
  const { id } = await createRestaurant();
  await http.post(`/restaurants/${id}/devices`, { role: 'kitchen', label: 'Pass' });
  const page = await openPage(`${SERVICE}/manager/?restaurant=${id}${tokenFragment}`);
  await button(page, 'Devices').click();
  const again = await tapOnce(page, button(page, 'Withdraw: Pass'));
  const sure = button(page, 'Really sign out: Pass');
  await sure.waitFor();
  await again();
  assert.equal((await http.get(`/restaurants/${id}/devices`)).data.devices.length, 1);
  await page.evaluate(() => { window.slower = 1; });
  await again();
  await sure.waitFor({ state: 'detached' });
  await until(async () => (await http.get(`/restaurants/${id}/devices`)).data.devices.length === 0);
});

test('five fast taps on "+" count five in a menu, in a basket and at a table', async () => {
  const { waiter_id, session_id, scan } = await createRestaurant();
  const fiveTimes = async (page, locator) => {
    const again = await tapOnce(page, locator);
    for (let times = 1; times < 5; times += 1) await again();
  };
  const guest = await openPage(scan);
  await fiveTimes(guest, button(guest, 'Add Soup'));
  await button(guest, /^Basket · 5 items/).press('Enter');
  await fiveTimes(guest, button(guest.getByRole('dialog'), 'Add Soup'));
  await guest.getByRole('dialog').getByText('10 in the basket').waitFor({ state: 'attached' });
  await button(guest, 'Close').press('Enter');
  const page = await openPage(`${SERVICE}/waiter/?waiter=${waiter_id}${tokenFragment}`);
  await page.locator('.table').click();
  const more = button(page, 'One guest more');
  const again = await tapOnce(page, more);
  for (let count = 2; count <= 6; count += 1) {
    await page.locator('output', { hasText: String(count) }).waitFor();
    if (count < 6) await again();
  }
  assert.equal((await http.get(`/sessions/${session_id}`)).data.guests_count, 6);
});
