// Waiters and guests add items to an order that is open, in Chromium, against a real service.
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

before(() => devices.start());
after(async () => {
  staff.disconnect();
  await devices.close();
  assert.deepEqual(devices.errors, []);
});

const button = (page, name) => page.getByRole('button', { name });
/** By keyboard: a second tap within 0.4 s near the first one is ignored. */
const press = (page, name) => button(page, name).press('Enter');

/** Create a restaurant with a menu, a waiter and a session at the waiter's table. */
async function createRestaurant() {
  const { restaurant_id: id } = await http.post('/restaurants', { name: 'Aurora', currency: 'EUR', timezone: 'Europe/Rome' });
  await http.put(`/restaurants/${id}/menu`, { categories: [{ name: 'Drinks', items: [{ name: 'Tea', price: '2.50' }, { name: 'Juice', price: '4.00' }] }] });
  const { data: { categories: [{ items: [tea, juice] }] } } = await http.get(`/restaurants/${id}/menu`);
  const { waiter_id } = await http.post(`/restaurants/${id}/waiters`, { name: 'Ada' });
  const { table_id } = await http.post(`/restaurants/${id}/tables`, { number: '4', zone: 'A', seats: 4, waiter_id });
  const { session_id } = await http.post(`/tables/${table_id}/sessions`, {});
  const { url: guest } = await http.get(`/tables/${table_id}/code`);
  /** Place an order of one tea; resolves to its id, and to the number that people see. */
  const place = async () => {
    const { order_id: order, number } = await http.post(`/sessions/${session_id}/orders`, { items: [{ menu_item_id: tea.id, quantity: 1 }] });
    return { order, number: number ?? order };
  };
  const orders = async () => (await http.get(`/sessions/${session_id}`)).data.orders;
  const waiter = `${SERVICE}/waiter/?waiter=${waiter_id}#token=${staff.token}`;
  return { juice: `/restaurants/${id}/menu/items/${juice.id}`, place, orders, guest, waiter };
}

const namesOf = async (order) => (await http.get(`/orders/${order}/items`)).data.items.map(({ name, quantity }) => `${quantity} ${name}`);
const confirm = (order) => http.patch(`/orders/${order}`, { status: 'confirmed' });

/** An order pad with one juice. */
async function openPad(address) {
  const page = await devices.page('phone');
  await page.goto(address);
  await untilPageLive(page);
  await page.locator('.table').click();
  await press(page, 'Take an order');
  const sheet = page.getByRole('dialog');
  await button(sheet, /^Juice/).click();
  return { page, sheet };
}

test('a waiter adds items to a confirmed order, or sends them as a new one', async () => {
  const { waiter, place, orders } = await createRestaurant();
  const { order, number } = await place();
  await confirm(order);
  const { page, sheet } = await openPad(waiter);
  assert.deepEqual(await faultsInLayouts(page), {});
  await press(sheet, 'Review · 1 item');
  await sheet.getByLabel(`Add to order no. ${number} · In the kitchen`).check();
  await assertAccessible(page);
  assert.deepEqual(await faultsInLayouts(page), {});
  await press(sheet, `Add to order no. ${number}`);
  await page.getByText(`Added to order no. ${number}.`).waitFor();
  assert.deepEqual(await namesOf(order), ['1 Tea', '1 Juice']);
  await press(page, 'Take an order');
  await button(sheet, /^Juice/).first().click();
  await press(sheet, 'Review · 1 item');
  assert.equal(await sheet.getByLabel('New order').isChecked(), true);
  await press(sheet, 'Send the order');
  await page.getByText('Order sent.').waitFor();
  assert.equal((await orders()).length, 2);
});

test('items for an order that was served meanwhile are refused with the reason, and stay on the pad', async () => {
  const { waiter, place, orders } = await createRestaurant();
  const { order, number } = await place();
  const { page, sheet } = await openPad(waiter);
  await press(sheet, 'Review · 1 item');
  await sheet.getByLabel(`Add to order no. ${number} · Ordered`).check();
  for (const status of ['confirmed', 'ready', 'delivered']) await http.patch(`/orders/${order}`, { status });
  await sheet.getByText(`Order no. ${number} takes no more items.`).waitFor();
  await press(sheet, 'Send the order');
  await page.getByText('Order sent.').waitFor();
  assert.deepEqual([await namesOf(order), (await orders()).length], [['1 Tea'], 2]);
});

test('items whose addition has no answer are sent again with the same key, and added once', async () => {
  const { waiter, place } = await createRestaurant();
  const { order, number } = await place();
  const { page, sheet } = await openPad(waiter);
  await press(sheet, 'Review · 1 item');
  await sheet.getByLabel(`Add to order no. ${number} · Ordered`).check();
  await page.route('**/items', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await press(sheet, `Add to order no. ${number}`);
  await sheet.getByText('This order may not have been placed').waitFor();
  await page.unroute('**/items');
  await page.reload();
  await untilPageLive(page);
  await page.locator('.table').click();
  await press(page, /^Continue/);
  await press(sheet, 'Try again');
  await page.getByText(`Added to order no. ${number}.`).waitFor();
  assert.deepEqual(await namesOf(order), ['1 Tea', '1 Juice']);
});

test('a waiter agrees to a price that changed while the order was sent', async () => {
  const { waiter, place, juice } = await createRestaurant();
  const { order, number } = await place();
  const { page, sheet } = await openPad(waiter);
  await press(sheet, 'Review · 1 item');
  await sheet.getByLabel(`Add to order no. ${number} · Ordered`).check();
  await page.route('**/items', async (route) => {
    await http.patch(juice, { price: '4.50' });
    await route.continue();
  });
  await press(sheet, `Add to order no. ${number}`);
  await page.getByText('It is €4.50 now instead of €4.00.').waitFor();
  assert.deepEqual(await namesOf(order), ['1 Tea']);
  await page.unroute('**/items');
  await sheet.locator('.total', { hasText: '€4.50' }).waitFor();
  await press(sheet, `Add to order no. ${number}`);
  await page.getByText(`Added to order no. ${number}.`).waitFor();
  assert.deepEqual(await namesOf(order), ['1 Tea', '1 Juice']);
});

/** A guest's page with an order of one tea; resolves to the page and the order's id. */
async function guestWithOrder({ guest, orders }) {
  const page = await devices.page('phone');
  await page.goto(guest);
  await untilPageLive(page);
  await fillBasket(page, 'Tea');
  await press(page.getByRole('dialog'), 'Place the order');
  const [{ order_id }] = await until(async () => (await orders()).length > 0 && orders());
  await page.locator(`[data-order="${order_id}"]`, { hasText: 'Your order' }).waitFor();
  return { page, order: order_id };
}

async function fillBasket(page, name) {
  await page.getByRole('navigation', { name: 'Parts of this page' }).getByRole('button', { name: 'Menu' }).press('Enter');
  await press(page, `Add ${name}`);
  await press(page, /^Basket/);
}

test('a guest adds to an own order while it is pending', async () => {
  const restaurant = await createRestaurant();
  const { page, order } = await guestWithOrder(restaurant);
  await fillBasket(page, 'Juice');
  const dialog = page.getByRole('dialog');
  await button(dialog, /^Add to your order of \d/).waitFor();
  await assertAccessible(page);
  assert.deepEqual(await faultsInLayouts(page), {});
  await press(dialog, /^Add to your order of \d/);
  await page.getByText('Added to your order.').waitFor();
  await page.locator(`[data-order="${order}"] .bill-line`, { hasText: 'Juice' }).waitFor();
  assert.deepEqual([await namesOf(order), (await restaurant.orders()).length], [['1 Tea', '1 Juice'], 1]);
  await confirm(order);
  await page.locator(`[data-order="${order}"] [aria-current=step]`, { hasText: 'Being prepared' }).waitFor();
  await fillBasket(page, 'Juice');
  await button(dialog, 'Place the order').waitFor();
  assert.equal(await button(dialog, /^Add to your order/).count(), 0);
});

test('a guest whose order is confirmed, or whose dish costs more meanwhile, has the items in the basket again', async () => {
  const restaurant = await createRestaurant();
  const { page, order } = await guestWithOrder(restaurant);
  const dialog = page.getByRole('dialog');
  for (const [change, notice] of [
    [() => http.patch(restaurant.juice, { price: '4.50' }), 'Your order costs €4.50 now instead of €4.00.'],
    [() => confirm(order), 'Not added: your order can no longer be changed.'],
  ]) {
    if (await button(page, /^Basket/).count() === 0) await fillBasket(page, 'Juice');
    else await press(page, /^Basket/);
    await page.context().setOffline(true);
    await press(dialog, /^Add to your order/);
    await page.getByText('For your order').waitFor();
    await change();
    await page.context().setOffline(false);
    await page.getByText(notice).waitFor();
    await button(page, /^Basket · 1 item/).waitFor();
    assert.deepEqual(await namesOf(order), ['1 Tea']);
  }
});
