// The pages under adverse conditions: proxies that replace responses, two tabs, no storage, wrong clocks,
// old browsers and double taps.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices, untilPageLive } from './devices.mjs';
import { FaultyProxy } from './faulty-proxy.mjs';
import { FAST_SETTINGS, SERVICE, until } from './harness.mjs';
import { INTERMEDIARY_RESPONSES } from './scripted-server.mjs';

const staff = new RestaurantQR(FAST_SETTINGS);
const devices = new Devices();
const intermediaryResponses = Object.fromEntries(INTERMEDIARY_RESPONSES);
let proxy;

before(async () => {
  await devices.start();
  proxy = await FaultyProxy.start();
});
after(async () => {
  staff.disconnect();
  await devices.close();
  proxy.close();
  assert.deepEqual(devices.errors, []);
});

const button = (page, name) => page.getByRole('button', { name });
const untilShown = (page, text) => page.getByText(text).first().waitFor();
const openTab = (page, name) => page.locator('.tabs').getByRole('button', { name }).click();
const ordersOf = async (session) => (await staff.http.get(`/sessions/${session}`)).data.orders;

/** Create a table of restaurant 2, with a session if `occupied`; `join` is the path in its QR code. */
async function createTable(number, { occupied = true } = {}) {
  const { waiter_id } = await staff.http.post('/restaurants/2/waiters', { name: 'Ada' });
  const body = { number, zone: 'R', seats: 4, waiter_id };
  const { table_id } = await staff.http.post('/restaurants/2/tables', body);
  const { table_code } = await staff.http.get(`/tables/${table_id}/code`);
  const session = occupied ? (await staff.http.post(`/tables/${table_id}/sessions`, {})).session_id : null;
  return { table_id, waiter_id, session, join: `/guest/#join=${table_code}` };
}

async function openGuestPage(address, options = {}) {
  const page = await devices.page('phone', 'light', options);
  await page.goto(address);
  await untilPageLive(page);
  return page;
}

async function placeOrder(page, dish) {
  await button(page, `Add ${dish}`).click();
  await button(page, /^Basket/).click();
  await button(page, 'Place the order').click();
}

for (const name of ["a gateway's 504 in JSON", "a gateway's 504 in HTML", "a captive portal's 200 in HTML"]) {
  test(`a guest's order is placed once if the response is replaced by ${name}`, async () => {
    const { session, join } = await createTable(`504 ${INTERMEDIARY_RESPONSES.findIndex(([each]) => each === name)}`);
    const guest = await openGuestPage(proxy.url + join);
    proxy.replace(/\/orders$/, intermediaryResponses[name], 2);
    await placeOrder(guest, 'Fish soup');
    await untilShown(guest, 'Not confirmed yet');
    await guest.locator('.order', { hasText: 'Your order' }).waitFor();
    assert.equal(await guest.locator('.outbox-order').count(), 0);
    assert.equal((await ordersOf(session)).length, 1);
    assert.equal(await button(guest, /^Basket/).count(), 0);
    assert.equal(new Set(proxy.replaced.splice(0).map(({ key }) => key)).size, 1);
  });
}

test('a payment whose response a proxy replaced is taken once, also after a reload', async () => {
  const { session, waiter_id } = await createTable('P1');
  const { order_id } = await staff.http.post(`/sessions/${session}/orders`, { items: [{ menu_item_id: 1 }] });
  for (const status of ['confirmed', 'ready', 'delivered']) await staff.http.patch(`/orders/${order_id}`, { status });
  const waiter = await devices.page('phone');
  await waiter.goto(`${proxy.url}/waiter/?waiter=${waiter_id}#token=${staff.token}`);
  await waiter.locator('.table').click();
  proxy.replace(/\/payments$/, intermediaryResponses["a gateway's 504 in JSON"], 4);
  await waiter.getByLabel('Amount').fill('2');
  await button(waiter, 'Take €2.00').click();
  await untilShown(waiter, 'No answer yet, so the outcome is unknown.');
  await waiter.reload();
  await waiter.locator('.table').click();
  await waiter.locator('form.payment').getByRole('button').click();
  await untilShown(waiter, 'Payment taken.');
  const { data } = await staff.http.get(`/orders/${order_id}`);
  assert.equal(data.paid_amount, '2.00');
  assert.equal(new Set(proxy.replaced.splice(0).map(({ key }) => key)).size, 1);
});

/** Create a device; returns its sign-in URL on the proxy before the service. */
async function signInLink(role) {
  const { device_id } = await staff.http.post('/restaurants/2/devices', { ...role, label: 'Tablet' });
  const { url } = await staff.http.get(`/restaurants/2/devices/${device_id}/code`);
  return { device_id, link: url.replace(new URL(url).origin, proxy.url) };
}

test('a device signs in after a proxy replaced the response, also after a reload', async () => {
  const { link } = await signInLink({ role: 'kitchen' });
  const kitchen = await devices.page('desktop');
  proxy.replace(/\/sign-in$/, intermediaryResponses["a gateway's 504 in HTML"], 2);
  await kitchen.goto(link);
  await untilShown(kitchen, 'This page keeps trying.');
  await kitchen.reload();
  await untilPageLive(kitchen);
  assert.equal(new URL(kitchen.url()).hash, '');
  const [first, second] = proxy.replaced.splice(0);
  assert.equal(first.status, 200);
  assert.equal(first.key, second.key);
});

test('two devices on one tablet stay signed in separately through a restart, until they are signed out', async () => {
  const { waiter_id } = await createTable('T1');
  const { link, device_id } = await signInLink({ role: 'kitchen' });
  const asWaiter = await signInLink({ role: 'waiter', waiter_id });
  const kitchen = await devices.page('desktop');
  await kitchen.goto(link);
  await untilPageLive(kitchen);
  const waiter = await kitchen.context().newPage();
  await waiter.goto(asWaiter.link);
  await untilPageLive(waiter);
  const storageState = await kitchen.context().storageState(); // kept across a restart
  await kitchen.context().close();

  const restarted = await devices.page('desktop', 'light', { storageState });
  await restarted.goto(`${proxy.url}/kitchen/?restaurant=2`);
  await untilPageLive(restarted);
  assert.equal(await restarted.locator('.read-only').count(), 0);
  const restartedWaiter = await restarted.context().newPage();
  await restartedWaiter.goto(`${proxy.url}/waiter/`); // a typed URL
  await restartedWaiter.getByRole('heading', { name: 'Ada' }).waitFor();

  await staff.http.delete(`/restaurants/2/devices/${device_id}`);
  await untilShown(restarted, 'This sign-in has ended.');
  assert.equal(await restarted.locator('.ticket, .section').count(), 0);
  await untilPageLive(restartedWaiter);
  await restarted.goto(`${proxy.url}/kitchen/?restaurant=2`);
  await untilShown(restarted, 'This screen is read-only.');
});

test('an order placed in one tab appears in the other one and is not placed restarted', async () => {
  const { session, join } = await createTable('2T');
  const first = await openGuestPage(SERVICE + join);
  await button(first, 'Add Fish soup').click();
  const second = await first.context().newPage();
  await second.goto(SERVICE + join);
  await untilPageLive(second);
  await button(second, /^Basket · 1 item/).waitFor();
  await button(second, 'Add Tomato salad').click();
  await button(first, /^Basket · 2 items/).waitFor();
  await button(first, /^Basket/).click();
  await button(first, 'Place the order').click();
  await button(second, /^Basket/).waitFor({ state: 'detached' });
  await until(async () => (await ordersOf(session)).length === 1);
  await openTab(second, 'Orders');
  await second.locator('.order', { hasText: 'Your order' }).getByText('Fish soup').waitFor();
  await button(second, 'Cancel this order').waitFor();
  await openTab(first, 'Menu');
  await placeOrder(first, 'Fish soup');
  await until(async () => (await ordersOf(session)).length === 2);
  await until(async () => (await second.locator('.order', { hasText: 'Your order' }).count()) === 2);
});

/** In the page: throw on access to storage, as browsers do if cookies are blocked. */
function blockStorage() {
  for (const name of ['localStorage', 'sessionStorage']) {
    Object.defineProperty(window, name, {
      get() {
        throw new DOMException('Access is denied for this document.', 'SecurityError');
      },
    });
  }
}

test('guests order and kitchens cook in browsers without storage', async () => {
  const { session, join } = await createTable('S1');
  const guest = await devices.page('phone');
  await guest.addInitScript(blockStorage);
  await guest.goto(SERVICE + join);
  await placeOrder(guest, 'Fish soup');
  const [{ order_id }] = await until(async () => (await ordersOf(session)).length && ordersOf(session));
  const kitchen = await devices.page('desktop');
  await kitchen.addInitScript(blockStorage);
  await kitchen.goto(`${SERVICE}/kitchen/?restaurant=2#token=${staff.token}`);
  await kitchen.locator(`[data-order="${order_id}"]`).getByRole('button', { name: 'Confirm' }).click();
  await until(async () => (await staff.http.get(`/orders/${order_id}`)).data.status === 'confirmed');
});

for (const [what, file] of [['script', /\/assets\/guest-\w{8}\.js$/], ['texts', /\/assets\/guest-en-\w{8}\.js$/]]) {
  test(`a page shows an error and a reload button if the file with its ${what} does not load`, async () => {
    const page = await devices.page('phone');
    await page.route(file, (route) => route.abort());
    await page.goto(`${SERVICE}/guest/`);
    await untilShown(page, 'This page could not start.');
    devices.errors.splice(0);
    await page.unroute(file);
    await button(page, 'Reload').click();
    await untilShown(page, 'Scan the QR code on your table');
  });
}

/** In the page: shift the clock by so many hours. */
function shiftClock(hours) {
  const Right = Date;
  const now = () => Right.now() + hours * 3_600_000;
  window.Date = class extends Right {
    constructor(...args) {
      super(...(args.length > 0 ? args : [now()]));
    }
    static now() {
      return now();
    }
  };
}

for (const hours of [2, -2]) {
  test(`a kitchen whose clock is ${hours} h off shows waiting times by the service's clock`, async () => {
    const { session } = await createTable(`C${hours}`);
    const { order_id } = await staff.http.post(`/sessions/${session}/orders`, { items: [{ menu_item_id: 1 }] });
    const kitchen = await devices.page('desktop');
    await kitchen.addInitScript(shiftClock, hours);
    await kitchen.goto(`${SERVICE}/kitchen/?restaurant=2#token=${staff.token}`);
    const ticket = kitchen.locator(`[data-order="${order_id}"]`);
    await ticket.getByText(/^[0-2] min$/).waitFor();
    assert.equal(await ticket.getByText('Late').count(), 0);
  });
}

/** In the page: remove interfaces that the guests' oldest supported browsers lack. */
function removeNewInterfaces() {
  delete AbortSignal.timeout;
  delete AbortSignal.any;
  for (const name of ['findLast', 'findLastIndex', 'toSorted', 'toReversed', 'toSpliced', 'with']) delete Array.prototype[name];
  for (const name of ['groupBy', 'hasOwn']) delete Object[name];
  for (const name of ['showPopover', 'hidePopover', 'togglePopover']) delete HTMLElement.prototype[name];
  delete HTMLDialogElement.prototype.requestClose;
  delete Element.prototype.checkVisibility;
  delete Promise.withResolvers;
  delete Array.fromAsync;
  delete crypto.randomUUID;
  for (const name of ['locks', 'languages', 'wakeLock', 'share', 'userActivation']) {
    Object.defineProperty(Navigator.prototype, name, { get: () => undefined, configurable: true });
  }
  for (const name of ['BroadcastChannel', 'structuredClone', 'ToggleEvent', 'navigation', 'scheduler', 'CloseWatcher']) {
    delete window[name];
  }
}

test('guests order, call a waiter and see their bill in the oldest supported browsers', async () => {
  const { session, join } = await createTable('O1');
  const guest = await devices.page('phone');
  await guest.addInitScript(removeNewInterfaces);
  await guest.goto(SERVICE + join);
  await untilPageLive(guest);
  await placeOrder(guest, 'Fish soup');
  const [{ order_id }] = await until(async () => (await ordersOf(session)).length && ordersOf(session));
  await guest.locator(`[data-order="${order_id}"]`, { hasText: 'Fish soup' }).waitFor();
  await openTab(guest, 'Service');
  await guest.locator('.view[data-name=service]').getByRole('button', { name: 'Call a waiter' }).click();
  await untilShown(guest, /^Called at/);
  await openTab(guest, 'Bill');
  await guest.locator('.sums [data-name=balance]', { hasText: '€14.50' }).waitFor();
});

test('the second tap of a double tap does not press the button that the first one revealed', async () => {
  const { session, join } = await createTable('D1');
  const guest = await devices.page('phone');
  await guest.addInitScript(() => { // taps follow each other fast, also on a slow machine
    window.slower = 100;
    Object.defineProperty(Event.prototype, 'timeStamp', { get: () => performance.now() / window.slower });
  });
  await guest.goto(SERVICE + join);
  await untilPageLive(guest);
  await button(guest, 'Add Fish soup').click();
  await button(guest, /^Basket/).click();
  const place = button(guest, 'Place the order');
  // Closing the dialog reveals the tabs at the same place.
  const { x, y, width, height } = await place.boundingBox();
  const [middleX, middleY] = [x + width / 2, y + height / 2];
  await guest.locator('.tabs').evaluate(({ style }) => {
    style.cssText = 'position: fixed; inset: 0; block-size: auto';
  });
  await guest.touchscreen.tap(middleX, middleY);
  await guest.getByRole('dialog').waitFor({ state: 'detached' });
  await guest.touchscreen.tap(middleX, middleY);
  await until(async () => (await ordersOf(session)).length === 1);
  assert.equal(await guest.locator('.views').getAttribute('data-view'), 'orders');
  await guest.evaluate(() => (window.slower = 1));
  await guest.touchscreen.tap(middleX, middleY);
  await guest.locator('.views:not([data-view=orders])').waitFor();
});

test('the focus stays near a removed button', async () => {
  const { join } = await createTable('F1');
  const guest = await openGuestPage(SERVICE + join);
  const focusedPart = () => guest.evaluate(() => document.activeElement.closest('.dish, .basket-bar, dialog, section, .foot')?.className
    ?? document.activeElement.tagName);
  await button(guest, 'Add Fish soup').press('Enter');
  await guest.getByRole('button', { name: 'One Fish soup fewer' }).press('Enter');
  await until(async () => (await focusedPart()).startsWith('dish'));
  await button(guest, 'Add Fish soup').press('Enter');
  await guest.locator('a', { hasText: 'Skip to the basket' }).press('Enter');
  await until(async () => (await focusedPart()).includes('basket-bar'));
  await guest.keyboard.press('Enter');
  await button(guest, 'Place the order').press('Enter');
  await until(() => guest.evaluate(() => document.activeElement.id === 'orders-title'));
});

test('a wrong code stays in its field, and may contain spaces', async () => {
  const { session } = await createTable('W1');
  const { session_code } = (await staff.http.get(`/sessions/${session}`)).data;
  const guest = await devices.page('phone');
  await guest.goto(`${SERVICE}/guest/`);
  const field = guest.getByLabel(/^Or enter the code/);
  await field.fill('AAAAA9');
  await button(guest, 'Join the table').click();
  await untilShown(guest, 'There is no table with this code.');
  assert.equal(await field.inputValue(), 'AAAAA9');
  await field.fill(` ${session_code.slice(0, 3).toLowerCase()} - ${session_code.slice(3)}`);
  await button(guest, 'Join the table').press('Enter'); // a second tap this soon is ignored
  await untilPageLive(guest);
});

test('a guest of an inactive table sees that it is not in use', async () => {
  const { table_id, join } = await createTable('X1', { occupied: false });
  await staff.http.patch(`/tables/${table_id}`, { is_active: false });
  const guest = await devices.page('phone');
  await guest.goto(SERVICE + join);
  await untilShown(guest, 'This table is not in use at the moment.');
  assert.equal(await guest.getByText('Scan the QR code on your table').count(), 0);
});

test('the end of a visit is shown until the next scan, without sums if nothing was ordered', async () => {
  const { session, join } = await createTable('G1');
  const guest = await openGuestPage(SERVICE + join);
  await staff.http.post(`/sessions/${session}/close`);
  await untilShown(guest, 'Thank you for your visit');
  await guest.reload();
  await untilShown(guest, 'Thank you for your visit');
  assert.equal(await guest.locator('.sums').count(), 0);
  await guest.goto('about:blank');
  await guest.goto(SERVICE + join);
  await untilPageLive(guest);
});

test('a changed price is shown beside the old one, and a paid bill cancels the call for it', async () => {
  const { session, join } = await createTable('E1');
  const guest = await openGuestPage(SERVICE + join);
  await button(guest, 'Add House red').click();
  const { data: menu } = await staff.http.get('/restaurants/2/menu');
  const { id, price } = menu.categories.flatMap(({ items }) => items).find(({ name }) => name.startsWith('House red'));
  await staff.http.patch(`/restaurants/2/menu/items/${id}`, { price: '19.00' });
  await button(guest, /^Basket/).click();
  await untilShown(guest, `The price has changed. It was €${price}.`);
  await button(guest, 'Place the order').click();
  const [{ order_id }] = await until(async () => (await ordersOf(session)).length && ordersOf(session));
  await staff.http.patch(`/restaurants/2/menu/items/${id}`, { price });
  for (const status of ['confirmed', 'ready', 'delivered']) await staff.http.patch(`/orders/${order_id}`, { status });
  await openTab(guest, 'Service');
  await guest.locator('.view[data-name=service]').getByRole('button', { name: 'Ask for the bill' }).click();
  await staff.http.post(`/orders/${order_id}/payments`, { amount: '19.00', method: 'card' });
  await guest.locator('.view[data-name=service]').getByText('Everything is paid. Thank you!').waitFor();
});

test('a kitchen shows a lost network at once, and is live again once it is online', async () => {
  const kitchen = await devices.page('desktop');
  await kitchen.goto(`${SERVICE}/kitchen/?restaurant=2#token=${staff.token}`);
  await untilPageLive(kitchen);
  await kitchen.context().setOffline(true);
  await kitchen.locator('.connection', { hasText: 'Reconnecting' }).waitFor();
  await kitchen.context().setOffline(false);
  await untilPageLive(kitchen);
});

