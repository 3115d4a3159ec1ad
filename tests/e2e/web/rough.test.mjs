// The pages in browsers and networks as they are: proxies that answer themselves, two tabs, no storage, wrong
// clocks, old browsers, hasty fingers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { FOREIGN } from './answers.mjs';
import { Between } from './between.mjs';
import { Devices } from './devices.mjs';
import { HASTY, SERVICE, until } from './house.mjs';
import { live } from './scenes.mjs';

const staff = new RestaurantQR(HASTY);
const devices = new Devices();
const answers = Object.fromEntries(FOREIGN);
let between;

before(async () => {
  await devices.start();
  between = await Between.start();
});
after(async () => {
  staff.disconnect();
  await devices.close();
  between.close();
  assert.deepEqual(devices.mistakes, []);
});

const button = (page, name) => page.getByRole('button', { name });
const said = (page, text) => page.getByText(text).first().waitFor();
const part = (page, name) => page.locator('.tabs').getByRole('button', { name }).click();
const ordersOf = async (session) => (await staff.http.get(`/sessions/${session}`)).data.orders;

/** A table of restaurant 2, with a party or without, and what its QR code says. */
async function table(number, { party = true } = {}) {
  const { waiter_id } = await staff.http.post('/restaurants/2/waiters', { name: 'Ada' });
  const described = { number, zone: 'R', seats: 4, waiter_id };
  const { table_id } = await staff.http.post('/restaurants/2/tables', described);
  const { table_code } = await staff.http.get(`/tables/${table_id}/code`);
  const session = party ? (await staff.http.post(`/tables/${table_id}/sessions`, {})).session_id : null;
  return { table_id, waiter_id, session, join: `/guest/#join=${table_code}` };
}

async function guestAt(address, options = {}) {
  const page = await devices.page('phone', 'light', options);
  await page.goto(address);
  await live(page);
  return page;
}

async function places(page, dish) {
  await button(page, `Add ${dish}`).click();
  await button(page, /^Basket/).click();
  await button(page, 'Place the order').click();
}

for (const name of ["a gateway's 504 in JSON", "a gateway's 504 in HTML", "a captive portal's 200 in HTML"]) {
  test(`a guest's order is placed once through ${name}`, async () => {
    const { session, join } = await table(`504 ${FOREIGN.findIndex(([each]) => each === name)}`);
    const guest = await guestAt(between.url + join);
    between.replace(/\/orders$/, answers[name], 2);
    await places(guest, 'Fish soup');
    await said(guest, 'Not confirmed yet');
    await guest.locator('.order', { hasText: 'Your order' }).waitFor();
    assert.equal(await guest.locator('.waits').count(), 0);
    assert.equal((await ordersOf(session)).length, 1);
    assert.equal(await button(guest, /^Basket/).count(), 0);
    assert.equal(new Set(between.replaced.splice(0).map(({ key }) => key)).size, 1);
  });
}

test('a payment answered by a proxy is taken once, also after a reload', async () => {
  const { session, waiter_id } = await table('P1');
  const { order_id } = await staff.http.post(`/sessions/${session}/orders`, { items: [{ menu_item_id: 1 }] });
  for (const status of ['confirmed', 'ready', 'delivered']) await staff.http.patch(`/orders/${order_id}`, { status });
  const waiter = await devices.page('phone');
  await waiter.goto(`${between.url}/waiter/?waiter=${waiter_id}#token=${staff.token}`);
  await waiter.locator('.table').click();
  between.replace(/\/payments$/, answers["a gateway's 504 in JSON"], 4);
  await waiter.getByLabel('Amount').fill('2');
  await button(waiter, 'Take €2.00').click();
  await said(waiter, 'No answer yet, so the outcome is unknown.');
  await waiter.reload();
  await waiter.locator('.table').click();
  await waiter.locator('form.payment').getByRole('button').click();
  await said(waiter, 'Payment taken.');
  const { data } = await staff.http.get(`/orders/${order_id}`);
  assert.equal(data.paid_amount, '2.00');
  assert.equal(new Set(between.replaced.splice(0).map(({ key }) => key)).size, 1);
});

/** The address that a staff device scans, on the proxy before the service. */
async function signInLink(role) {
  const { device_id } = await staff.http.post('/restaurants/2/devices', { ...role, label: 'Tablet' });
  const { url } = await staff.http.get(`/restaurants/2/devices/${device_id}/code`);
  return { device_id, link: url.replace(new URL(url).origin, between.url) };
}

test('a sign-in code is not used up by the answer of a proxy, also after a reload', async () => {
  const { link } = await signInLink({ role: 'kitchen' });
  const kitchen = await devices.page('desktop');
  between.replace(/\/sign-in$/, answers["a gateway's 504 in HTML"], 2);
  await kitchen.goto(link);
  await said(kitchen, 'This page keeps trying.');
  await kitchen.reload();
  await live(kitchen);
  assert.equal(new URL(kitchen.url()).hash, '');
  const [first, second] = between.replaced.splice(0);
  assert.equal(first.status, 200);
  assert.equal(first.key, second.key);
});

test('two devices on one tablet stay signed in separately through a restart, until they are signed out', async () => {
  const { waiter_id } = await table('T1');
  const { link, device_id } = await signInLink({ role: 'kitchen' });
  const asWaiter = await signInLink({ role: 'waiter', waiter_id });
  const kitchen = await devices.page('desktop');
  await kitchen.goto(link);
  await live(kitchen);
  const waiter = await kitchen.context().newPage();
  await waiter.goto(asWaiter.link);
  await live(waiter);
  const storageState = await kitchen.context().storageState(); // what a restart leaves
  await kitchen.context().close();

  const again = await devices.page('desktop', 'light', { storageState });
  await again.goto(`${between.url}/kitchen/?restaurant=2`);
  await live(again);
  assert.equal(await again.locator('.look-only').count(), 0);
  const waiterAgain = await again.context().newPage();
  await waiterAgain.goto(`${between.url}/waiter/`); // as people type it
  await waiterAgain.getByRole('heading', { name: 'Ada' }).waitFor();

  await staff.http.delete(`/restaurants/2/devices/${device_id}`);
  await said(again, 'This sign-in has ended.');
  assert.equal(await again.locator('.ticket, .section').count(), 0);
  await live(waiterAgain);
  await again.goto(`${between.url}/kitchen/?restaurant=2`);
  await said(again, 'This screen is read-only.');
});

test('an order placed in one tab appears in the other one and is not placed again', async () => {
  const { session, join } = await table('2T');
  const first = await guestAt(SERVICE + join);
  await button(first, 'Add Fish soup').click();
  const second = await first.context().newPage();
  await second.goto(SERVICE + join);
  await live(second);
  await button(second, /^Basket · 1 item/).waitFor();
  await button(second, 'Add Tomato salad').click();
  await button(first, /^Basket · 2 items/).waitFor();
  await button(first, /^Basket/).click();
  await button(first, 'Place the order').click();
  await button(second, /^Basket/).waitFor({ state: 'detached' });
  await until(async () => (await ordersOf(session)).length === 1);
  await part(second, 'Orders');
  await second.locator('.order', { hasText: 'Your order' }).getByText('Fish soup').waitFor();
  await button(second, 'Cancel this order').waitFor();
  await part(first, 'Menu');
  await places(first, 'Fish soup');
  await until(async () => (await ordersOf(session)).length === 2);
  await until(async () => (await second.locator('.order', { hasText: 'Your order' }).count()) === 2);
});

/** In the page: cookies and all storage are blocked, as in the browser's settings. */
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
  const { session, join } = await table('S1');
  const guest = await devices.page('phone');
  await guest.addInitScript(blockStorage);
  await guest.goto(SERVICE + join);
  await places(guest, 'Fish soup');
  const [{ order_id }] = await until(async () => (await ordersOf(session)).length && ordersOf(session));
  const kitchen = await devices.page('desktop');
  await kitchen.addInitScript(blockStorage);
  await kitchen.goto(`${SERVICE}/kitchen/?restaurant=2#token=${staff.token}`);
  await kitchen.locator(`[data-order="${order_id}"]`).getByRole('button', { name: 'Confirm' }).click();
  await until(async () => (await staff.http.get(`/orders/${order_id}`)).data.status === 'confirmed');
});

for (const [what, file] of [['script', /\/assets\/guest-\w{8}\.js$/], ['texts', /\/assets\/guest-en-\w{8}\.js$/]]) {
  test(`a page says so if the file with its ${what} does not arrive`, async () => {
    const page = await devices.page('phone');
    await page.route(file, (route) => route.abort());
    await page.goto(`${SERVICE}/guest/`);
    await said(page, 'This page could not start.');
    devices.mistakes.splice(0);
    await page.unroute(file);
    await button(page, 'Reload').click();
    await said(page, 'Scan the QR code on your table');
  });
}

/** In the page: a clock that is so many hours off. */
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
  test(`a kitchen whose clock is ${hours} h off shows how long guests wait by the service's`, async () => {
    const { session } = await table(`C${hours}`);
    const { order_id } = await staff.http.post(`/sessions/${session}/orders`, { items: [{ menu_item_id: 1 }] });
    const kitchen = await devices.page('desktop');
    await kitchen.addInitScript(shiftClock, hours);
    await kitchen.goto(`${SERVICE}/kitchen/?restaurant=2#token=${staff.token}`);
    const ticket = kitchen.locator(`[data-order="${order_id}"]`);
    await ticket.getByText(/^[0-2] min$/).waitFor();
    assert.equal(await ticket.getByText('Late').count(), 0);
  });
}

/** In the page: what the oldest browsers of guests do not have. */
function makeOld() {
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

test('guests order, call and see their bill in the oldest browsers that are supported', async () => {
  const { session, join } = await table('O1');
  const guest = await devices.page('phone');
  await guest.addInitScript(makeOld);
  await guest.goto(SERVICE + join);
  await live(guest);
  await places(guest, 'Fish soup');
  const [{ order_id }] = await until(async () => (await ordersOf(session)).length && ordersOf(session));
  await guest.locator(`[data-order="${order_id}"]`, { hasText: 'Fish soup' }).waitFor();
  await part(guest, 'Service');
  await guest.locator('.view[data-name=service]').getByRole('button', { name: 'Call a waiter' }).click();
  await said(guest, /^Called at/);
  await part(guest, 'Bill');
  await guest.locator('.sums [data-name=balance]', { hasText: '€14.50' }).waitFor();
});

test('the second tap of a double tap does not press the button that the first one revealed', async () => {
  const { session, join } = await table('D1');
  const guest = await devices.page('phone');
  await guest.addInitScript(() => { // however slow this machine is, taps follow each other fast
    window.slower = 100;
    Object.defineProperty(Event.prototype, 'timeStamp', { get: () => performance.now() / window.slower });
  });
  await guest.goto(SERVICE + join);
  await live(guest);
  await button(guest, 'Add Fish soup').click();
  await button(guest, /^Basket/).click();
  const place = button(guest, 'Place the order');
  // Below it lies what is uncovered when the dialog closes.
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

test('the focus stays near a pressed button that was removed', async () => {
  const { join } = await table('F1');
  const guest = await guestAt(SERVICE + join);
  const inFocus = () => guest.evaluate(() => document.activeElement.closest('.dish, .basket-bar, dialog, section, .foot')?.className
    ?? document.activeElement.tagName);
  await button(guest, 'Add Fish soup').press('Enter');
  await guest.getByRole('button', { name: 'One Fish soup fewer' }).press('Enter');
  await until(async () => (await inFocus()).startsWith('dish'));
  await button(guest, 'Add Fish soup').press('Enter');
  await guest.locator('a', { hasText: 'Skip to the basket' }).press('Enter');
  await until(async () => (await inFocus()).includes('basket-bar'));
  await guest.keyboard.press('Enter');
  await button(guest, 'Place the order').press('Enter');
  await until(() => guest.evaluate(() => document.activeElement.id === 'orders-title'));
});

test('a wrong code stays in its field, and may contain spaces', async () => {
  const { session } = await table('W1');
  const { session_code } = (await staff.http.get(`/sessions/${session}`)).data;
  const guest = await devices.page('phone');
  await guest.goto(`${SERVICE}/guest/`);
  const field = guest.getByLabel(/^Or enter the code/);
  await field.fill('AAAAA9');
  await button(guest, 'Join the table').click();
  await said(guest, 'There is no table with this code.');
  assert.equal(await field.inputValue(), 'AAAAA9');
  await field.fill(` ${session_code.slice(0, 3).toLowerCase()} - ${session_code.slice(3)}`);
  await button(guest, 'Join the table').press('Enter'); // a second tap this soon is ignored
  await live(guest);
});

test('a guest of a table that is out of use sees that it is', async () => {
  const { table_id, join } = await table('X1', { party: false });
  await staff.http.patch(`/tables/${table_id}`, { is_active: false });
  const guest = await devices.page('phone');
  await guest.goto(SERVICE + join);
  await said(guest, 'This table is not in use at the moment.');
  assert.equal(await guest.getByText('Scan the QR code on your table').count(), 0);
});

test('a farewell survives a reload until the next scan, without sums if nothing was ordered', async () => {
  const { session, join } = await table('G1');
  const guest = await guestAt(SERVICE + join);
  await staff.http.post(`/sessions/${session}/close`);
  await said(guest, 'Thank you for your visit');
  await guest.reload();
  await said(guest, 'Thank you for your visit');
  assert.equal(await guest.locator('.sums').count(), 0);
  await guest.goto('about:blank');
  await guest.goto(SERVICE + join);
  await live(guest);
});

test('a price that changed in the basket is shown beside the old one, and a paid bill needs no call', async () => {
  const { session, join } = await table('E1');
  const guest = await guestAt(SERVICE + join);
  await button(guest, 'Add House red').click();
  const { data: menu } = await staff.http.get('/restaurants/2/menu');
  const { id, price } = menu.categories.flatMap(({ items }) => items).find(({ name }) => name.startsWith('House red'));
  await staff.http.patch(`/restaurants/2/menu/items/${id}`, { price: '19.00' });
  await button(guest, /^Basket/).click();
  await said(guest, `The price has changed. It was €${price}.`);
  await button(guest, 'Place the order').click();
  const [{ order_id }] = await until(async () => (await ordersOf(session)).length && ordersOf(session));
  await staff.http.patch(`/restaurants/2/menu/items/${id}`, { price });
  for (const status of ['confirmed', 'ready', 'delivered']) await staff.http.patch(`/orders/${order_id}`, { status });
  await part(guest, 'Service');
  await guest.locator('.view[data-name=service]').getByRole('button', { name: 'Ask for the bill' }).click();
  await staff.http.post(`/orders/${order_id}/payments`, { amount: '19.00', method: 'card' });
  await guest.locator('.view[data-name=service]').getByText('Everything is paid. Thank you!').waitFor();
});

test('a screen shows at once that the network is gone, and is live soon after it is back', async () => {
  const kitchen = await devices.page('desktop');
  await kitchen.goto(`${SERVICE}/kitchen/?restaurant=2#token=${staff.token}`);
  await live(kitchen);
  await kitchen.context().setOffline(true);
  await kitchen.locator('.connection', { hasText: 'Reconnecting' }).waitFor();
  await kitchen.context().setOffline(false);
  await live(kitchen);
});

