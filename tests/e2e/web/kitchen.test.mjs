// The kitchen's page on slow networks, with cancelled orders and with full screens.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices, untilPageLive } from './devices.mjs';
import { FAST_SETTINGS, SERVICE, until } from './harness.mjs';
import { turnSoundOn } from './scenes.mjs';

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
const ticketOf = (page, order) => page.locator(`[data-order="${order}"]`);

/** Create a restaurant; returns its id and a function that places an order there. */
async function createRestaurant() {
  const { restaurant_id: id } = await http.post('/restaurants', { name: 'Aurora', currency: 'EUR', timezone: 'Europe/Rome' });
  const items = ['Soup', 'Salad'].map((name) => ({ name, price: '5.00' }));
  await http.put(`/restaurants/${id}/menu`, { categories: [{ name: 'Food', items }] });
  const { data: { categories: [{ items: [soup, salad] }] } } = await http.get(`/restaurants/${id}/menu`);
  const order = async (number, ...statuses) => {
    const { table_id } = await http.post(`/restaurants/${id}/tables`, { number, zone: 'A', seats: 2 });
    const { session_id } = await http.post(`/tables/${table_id}/sessions`, {});
    const lines = [{ menu_item_id: soup.id, quantity: 2 }, { menu_item_id: salad.id }];
    const { order_id } = await http.post(`/sessions/${session_id}/orders`, { items: lines });
    for (const status of statuses) await http.patch(`/orders/${order_id}`, { status });
    return order_id;
  };
  return { id, order };
}

/** Open the kitchen's page, after `prepare`. */
async function openKitchen(id, { token = staff.token, options = {}, prepare = async () => {} } = {}) {
  const page = await devices.page('desktop', 'light', options);
  await prepare(page);
  await page.goto(`${SERVICE}/kitchen/?restaurant=${id}${token ? `#token=${token}` : ''}`);
  return page;
}

/** Delay matching requests until the returned function is called. */
async function delayRequests(page, pattern) {
  let release;
  const released = new Promise((done) => { release = done; });
  await page.route(pattern, async (route) => {
    await released;
    await route.continue().catch(() => {}); // the page may be closed
  });
  return release;
}

test('a ticket has no enabled button until its dishes are loaded', async () => {
  const { id, order } = await createRestaurant();
  const order_id = await order('1');
  let release;
  const prepare = async (page) => { release = await delayRequests(page, '**/api/orders/*/items'); };
  const page = await openKitchen(id, { prepare });
  await untilPageLive(page);
  const ticket = ticketOf(page, order_id);
  const confirm = button(ticket, 'Confirm');
  await confirm.waitFor();
  assert.equal(await confirm.isDisabled(), true);
  assert.ok((await ticket.locator('[data-status=unknown]').count()) > 0);
  release();
  await ticket.getByText('Soup').waitFor();
  assert.equal(await confirm.isDisabled(), false);
  await confirm.click();
  await button(ticket, 'All ready').press('Enter'); // a second tap this soon is ignored
  await until(async () => (await http.get(`/orders/${order_id}`)).data.status === 'ready');
  await page.locator('.section[data-name=ready]').locator(ticket).waitFor();
});

test('served orders that are not paid never appear as open', async () => {
  const { id, order } = await createRestaurant();
  const served = await order('1', 'confirmed', 'ready', 'delivered');
  const open = await order('2');
  const prepare = (page) => page.routeWebSocket(/\/ws\/orders\//, () => {}); // the orders' channels send nothing
  const page = await openKitchen(id, { prepare });
  await ticketOf(page, open).getByText('Soup').waitFor();
  assert.equal(await ticketOf(page, served).count(), 0);
});

test('a cancelled order stays in red and sounds until it is dismissed, also after a reload', async () => {
  const { id, order } = await createRestaurant();
  const order_id = await order('7', 'confirmed');
  const prepare = async (page) => {
    await page.clock.install();
    await page.addInitScript(() => {
      window.tones = [];
      const create = AudioContext.prototype.createOscillator;
      AudioContext.prototype.createOscillator = function tone() {
        const created = create.call(this);
        window.tones.push(created);
        return created;
      };
    });
  };
  const page = await openKitchen(id, { prepare });
  await untilPageLive(page);
  await turnSoundOn(page);
  const ticket = ticketOf(page, order_id);
  await ticket.getByText('Soup').waitFor();
  const takeFrequencies = () => page.evaluate(() => window.tones.splice(0).map(({ frequency }) => frequency.value));
  const bell = await takeFrequencies();
  assert.ok(bell.length > 0);

  await http.patch(`/orders/${order_id}`, { status: 'cancelled', reason: 'they left' });
  await ticket.getByText('Cancelled').waitFor();
  await button(page.locator('header'), 'Cancelled: table 7').waitFor();
  const alarm = await takeFrequencies();
  assert.ok(alarm.length > 0 && alarm[0] !== bell[0]);
  await page.clock.fastForward(30_000);
  assert.deepEqual(await takeFrequencies(), alarm);
  assert.equal(await button(ticket, /Confirm|All ready/).count(), 0);

  await page.reload();
  await ticket.getByText('Soup').waitFor();
  await ticket.getByText('Cancelled').waitFor();
  await button(ticket, 'Seen, remove').click();
  await ticket.waitFor({ state: 'detached' });
  const later = await order('8');
  await page.reload();
  await ticketOf(page, later).waitFor();
  await untilPageLive(page);
  assert.equal(await ticket.count(), 0);
});

test('an order that is cancelled while the kitchen’s page is closed is shown as cancelled', async () => {
  const { id, order } = await createRestaurant();
  const [cancelled, served] = [await order('1', 'confirmed'), await order('2', 'confirmed', 'ready')];
  const page = await openKitchen(id);
  await ticketOf(page, cancelled).getByText('Soup').waitFor();
  await ticketOf(page, served).getByText('Soup').waitFor();
  await page.goto('about:blank');
  await http.patch(`/orders/${cancelled}`, { status: 'cancelled' });
  await http.patch(`/orders/${served}`, { status: 'delivered' });
  await page.goto(`${SERVICE}/kitchen/?restaurant=${id}`);
  await ticketOf(page, cancelled).getByText('Cancelled').waitFor();
  assert.equal(await ticketOf(page, served).count(), 0);
});

test('an item that is cancelled while it is cooked is marked until it is touched', async () => {
  const { id, order } = await createRestaurant();
  const order_id = await order('3', 'confirmed');
  const page = await openKitchen(id);
  const ticket = ticketOf(page, order_id);
  await button(ticket, /Soup/).waitFor();
  await http.patch(`/orders/${order_id}/items/1`, { status: 'voided', reason: 'sent back' });
  const mark = button(ticket, /Soup.*Cancelled/s);
  await mark.waitFor();
  await page.reload();
  await mark.click();
  await ticket.locator('.item[data-status=voided]', { hasText: 'Soup' }).waitFor();
  assert.equal(await mark.count(), 0);
  assert.equal(await button(page, /^Cancelled/).count(), 0);
  await page.reload();
  await ticket.locator('.item[data-status=voided]', { hasText: 'Soup' }).waitFor();
  assert.equal(await mark.count(), 0);
  const other = await openKitchen(id); // a screen that never showed the order with that item
  await ticketOf(other, order_id).locator('.item[data-status=voided]', { hasText: 'Soup' }).waitFor();
  assert.equal(await button(other, /Cancelled/).count(), 0);
});

test('a finished item is recalled with one tap, and after its order is ready only with a reason', async () => {
  const { id, order } = await createRestaurant();
  const order_id = await order('4', 'confirmed');
  const page = await openKitchen(id);
  const ticket = ticketOf(page, order_id);
  const item = async (item_id) => (await http.get(`/orders/${order_id}/items`)).data.items[item_id - 1].status;
  const recall = () => ticket.locator('.line', { hasText: 'Soup' }).getByRole('button', { name: 'Recall' });
  await button(ticket, /Soup/).click();
  await recall().press('Enter');
  await until(async () => (await item(1)) === 'pending');
  await recall().waitFor({ state: 'detached' });

  await http.patch(`/orders/${order_id}`, { status: 'ready' });
  await page.locator('.section[data-name=ready]').locator(ticket).waitFor();
  await recall().press('Enter');
  const sheet = page.getByRole('dialog');
  assert.equal(await button(sheet, 'Recall').isDisabled(), true);
  await sheet.getByLabel('Reason').fill('Cold');
  await button(sheet, 'Recall').click();
  await sheet.waitFor({ state: 'detached' });
  await page.locator('.section[data-name=todo]').locator(ticket).waitFor();
  const { data } = await http.get(`/orders/${order_id}`);
  assert.deepEqual([data.status, data.ready_at, data.reason], ['confirmed', null, 'Cold']);
});

test('a read-only screen has no enabled buttons', async () => {
  const { id, order } = await createRestaurant();
  const [pending, cooking] = [await order('1'), await order('2', 'confirmed')];
  const page = await openKitchen(id, { token: null });
  await page.getByText('This screen is read-only.').waitFor();
  for (const order_id of [pending, cooking]) {
    const ticket = ticketOf(page, order_id);
    await ticket.getByText('Soup').waitFor();
    assert.equal(await ticket.locator('button:enabled').count(), 0);
  }
});

test('a new order out of view is announced in the header, which leads to it', async () => {
  const { id, order } = await createRestaurant();
  for (let number = 1; number <= 8; number += 1) await order(String(number));
  const page = await openKitchen(id, { options: { viewport: { width: 600, height: 500 } } });
  await page.waitForFunction(() => document.querySelectorAll('.ticket:not([aria-busy=true])').length === 8);
  const order_id = await order('99');
  const ticket = ticketOf(page, order_id);
  const jump = button(page.locator('header'), 'New: table 99');
  await jump.waitFor();
  assert.equal(await page.locator('.notice').count(), 0); // it would cover dishes
  await jump.click();
  await jump.waitFor({ state: 'detached' });
  assert.equal(await ticket.evaluate((each) => {
    const { top, height } = each.getBoundingClientRect();
    const middle = document.elementFromPoint(innerWidth / 4, top + height / 2);
    return each.contains(middle);
  }), true);
});

test('orders beyond the limit of sockets are counted and polled', async () => {
  const rows = Array.from({ length: 160 }, (_, index) => ({
    order_id: index + 1, status: 'pending', payment_status: 'unpaid', table_number: String(index + 1), items_count: 1,
    total_amount: '5.00', balance: '5.00', created_at: new Date(Date.now() - 60_000 + index).toISOString(),
  }));
  const item = { item_id: 1, name: 'Soup', quantity: 1, notes: '', status: 'pending' };
  const [followed, read] = [new Set(), []];
  const prepare = async (page) => {
    await page.clock.install();
    await page.routeWebSocket(/\/ws\//, (socket) => {
      const [, order_id] = /\/ws\/orders\/(\d+)\//.exec(socket.url()) ?? [];
      if (order_id) followed.add(socket.url());
      const data = order_id
        ? { ...rows[order_id - 1], id: Number(order_id), version: 1 }
        : { id: 5, name: 'Aurora', tables: { list: [] }, open_orders: rows, waiters: [], version: 1 };
      socket.send(JSON.stringify({ type: order_id ? 'order_status' : 'restaurant_status', data, seq: 0, epoch: 'a' }));
    });
    await page.route('**/api/orders/*/items', (route) => {
      const order_id = Number(/orders\/(\d+)/.exec(route.request().url())[1]);
      read.push(order_id);
      const data = { order_id, status: 'pending', items: [item], items_count: 1, version: 1 };
      return route.fulfill({ json: { type: 'items_list', data, seq: 0, epoch: 'a' } });
    });
  };
  const page = await openKitchen(5, { prepare });
  await page.getByText(/^10 orders are not live/).waitFor();
  await until(() => read.includes(160) && followed.size === 150);
  read.length = 0;
  await page.clock.fastForward(16_000);
  await until(() => read.length >= 10);
  assert.deepEqual([...new Set(read)], rows.slice(150).map(({ order_id }) => order_id));
});
