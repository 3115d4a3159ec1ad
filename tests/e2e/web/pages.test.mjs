// The pages of guests and kitchens in Chromium, against a real service.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices, untilPageLive } from './devices.mjs';
import { FAST_SETTINGS, Network, SERVICE, until } from './harness.mjs';
import { turnSoundOn } from './scenes.mjs';

const staff = new RestaurantQR(FAST_SETTINGS);
const devices = new Devices();
const networks = [];

before(() => devices.start());
after(async () => {
  staff.disconnect();
  await devices.close();
  for (const network of networks) network.close();
  assert.deepEqual(devices.errors, []);
});

/** Create a free table of restaurant 2; returns its id and code. */
async function createFreeTable(number = crypto.randomUUID().slice(0, 8)) {
  const { table_id } = await staff.http.post('/restaurants/2/tables', { number, zone: 'Z', seats: 4 });
  const { table_code } = await staff.http.get(`/tables/${table_id}/code`);
  return { table_id, scan: `${SERVICE}/guest/#join=${table_code}`, table_code };
}

const sessionOf = async (table) => (await staff.http.get(`/tables/${table}`)).data.session.id;
const ordersOf = async (session) => (await staff.http.get(`/sessions/${session}`)).data.orders;

async function openGuestPage(address) {
  const page = await devices.page('phone');
  await page.goto(address);
  await untilPageLive(page);
  return page;
}

async function openKitchen(restaurant, address = SERVICE) {
  const page = await devices.page('desktop');
  await page.goto(`${address}/kitchen/?restaurant=${restaurant}#token=${staff.token}`);
  await untilPageLive(page);
  return page;
}

const button = (page, name) => page.getByRole('button', { name });
const untilShown = (page, text) => page.getByText(text).first().waitFor();
const openTab = (page, name) => page.locator('.tabs').getByRole('button', { name }).click();
const currentStep = (page) => page.locator('.order [aria-current=step]').first().innerText();

/** Press with the keyboard, as users without a pointer do. */
async function press(locator, key = 'Enter') {
  await locator.focus();
  await locator.press(key);
}

async function placeOrder(page, dish) {
  await button(page, `Add ${dish}`).click();
  await button(page, /^Basket/).click();
  await button(page, 'Place the order').click();
}

/** Click a button of a ticket and wait until the order has that status. */
async function clickOnTicket(kitchen, order, name, status) {
  await kitchen.locator(`[data-order="${order}"]`).getByRole('button', { name }).click();
  await until(async () => (await staff.http.get(`/orders/${order}`)).data.status === status);
}

test('a page without a restaurant or sign-in says what to do', async () => {
  const page = await devices.page('phone');
  for (const [name, what] of Object.entries({ kitchen: 'Ask a manager', manager: 'Open the sign-in link', waiter: 'Ask a manager' })) {
    await page.goto(`${SERVICE}/${name}/`);
    await page.locator('main', { hasText: what }).waitFor();
    assert.equal(await page.locator('.connection').count(), 0, name);
  }
  await page.goto(`${SERVICE}/nothing/`);
  await page.getByRole('link', { name: 'Restaurant QR' }).click();
  await page.waitForURL(`${SERVICE}/`);
});

test('the kitchen requests a wake lock at the start and again when its page is shown', async () => {
  const page = await devices.page('desktop');
  await page.addInitScript(() => {
    window.wakeLocks = [];
    const lock = { release: async () => window.wakeLocks.push('released') };
    const wakeLock = { request: async (type) => (window.wakeLocks.push(type), lock) };
    Object.defineProperty(navigator, 'wakeLock', { value: wakeLock });
  });
  await page.goto(`${SERVICE}/kitchen/?restaurant=2#token=${staff.token}`);
  await untilPageLive(page);
  const wakeLocks = () => page.evaluate(() => window.wakeLocks);
  assert.deepEqual(await wakeLocks(), ['screen']);
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  assert.deepEqual(await wakeLocks(), ['screen', 'screen']);
});

test('a guest sees each step of an order from the scan to the end of the visit', async () => {
  const kitchen = await openKitchen(2);
  assert.ok(!kitchen.url().includes(staff.token));
  const { table_id, scan } = await createFreeTable('41');
  const guest = await openGuestPage(scan);
  await guest.getByRole('heading', { name: 'Table 41' }).waitFor();
  assert.ok(!guest.url().includes('join'));

  await press(button(guest, 'Add Fish soup'));
  await press(button(guest, 'Add Fish soup'));
  await press(button(guest, /^Basket/));
  await guest.getByLabel('Notes for the kitchen').fill('No croutons');
  await guest.keyboard.press('Escape');
  await guest.getByRole('dialog').waitFor({ state: 'detached' });
  await guest.reload(); // the basket is still there
  await press(button(guest, /^Basket · 2 items/));
  await press(button(guest, 'Place the order'));
  const [{ order_id: order }] = await until(async () => {
    const placed = await ordersOf(await sessionOf(table_id));
    return placed.length > 0 && placed;
  });
  await until(async () => (await currentStep(guest)).startsWith('Sent'));

  const ticket = kitchen.locator(`[data-order="${order}"]`);
  await ticket.getByText('No croutons').waitFor();
  await ticket.getByRole('heading', { name: 'Table 41' }).waitFor();
  await clickOnTicket(kitchen, order, 'Confirm', 'confirmed');
  await untilShown(guest, 'The kitchen is preparing your order.');
  assert.match(await currentStep(guest), /^Being prepared/);
  await clickOnTicket(kitchen, order, /Fish soup/, 'ready'); // its only item
  await kitchen.locator('.section[data-name=ready]').locator(ticket).waitFor();
  await untilShown(guest, 'Your order is ready');
  await staff.http.patch(`/orders/${order}`, { status: 'delivered' });
  await until(async () => (await currentStep(guest)).startsWith('Served'));
  await ticket.waitFor({ state: 'detached' });

  await openTab(guest, 'Bill');
  await guest.locator('.sums [data-name=balance]', { hasText: '€29.00' }).waitFor();
  await staff.http.post(`/orders/${order}/payments`, { amount: '29.00', method: 'card' });
  await guest.locator('.sums [data-name=balance]', { hasText: '€0.00' }).waitFor();
  await openTab(guest, 'Service');
  await guest.locator('.view[data-name=service]').getByRole('button', { name: 'Call a waiter' }).click();
  await untilShown(guest, /^Called at/);
  await staff.http.post(`/sessions/${await sessionOf(table_id)}/close`);
  await untilShown(guest, 'Thank you for your visit');
  await guest.reload();
  await untilShown(guest, 'Thank you for your visit');
  await guest.locator('.sums [data-name=total]', { hasText: '€29.00' }).waitFor();
});

test('a dialog is modal as soon as it is drawn, so that Escape closes it', async () => {
  const guest = await openGuestPage((await createFreeTable()).scan);
  const isModal = await button(guest, 'Share').evaluate(async (share) => {
    share.click();
    await Promise.resolve(); // pages are drawn in a microtask, before the next key event
    return document.querySelector('dialog')?.matches(':modal');
  });
  assert.equal(isModal, true);
});

test('two guests at one table see each other’s orders', async () => {
  const { table_id, table_code } = await createFreeTable();
  const first = await openGuestPage(`${SERVICE}/#join=${table_code}`); // the form of older printed codes
  await button(first, 'Share').click();
  const code = await first.locator('.code').innerText();
  await first.keyboard.press('Escape');
  const second = await devices.page('phone');
  await second.goto(`${SERVICE}/guest/`);
  await second.getByLabel(/^Or enter the code/).fill(code.toLowerCase());
  await button(second, 'Join the table').click();
  await untilPageLive(second);
  await placeOrder(first, 'Tomato salad');
  await placeOrder(second, 'Fish soup');
  for (const [page, mine, others] of [[first, 'Tomato', 'Fish'], [second, 'Fish', 'Tomato']]) {
    await page.locator('.order', { hasText: 'Your order' }).getByText(mine).waitFor();
    await page.locator('.order', { hasText: 'Order of your table' }).getByText(others).waitFor();
  }
  await button(second, 'Cancel this order').click();
  await first.locator('.order', { hasText: 'Cancelled' }).waitFor();
  assert.equal((await ordersOf(await sessionOf(table_id))).length, 2);
});

test('a dish that sells out is shown as such at once and cannot be ordered', async () => {
  const { scan } = await createFreeTable();
  const guest = await openGuestPage(scan);
  await button(guest, 'Add Ratatouille').click();
  const dish = guest.locator('.dish', { hasText: 'Ratatouille' });
  await staff.http.patch('/restaurants/2/menu/items/5', { available: false });
  await dish.getByText('Sold out').waitFor();
  await button(guest, /^Basket/).click();
  assert.ok(await button(guest, 'Place the order').isDisabled());
  await button(guest, 'Remove Ratatouille').click();
  await untilShown(guest, 'Nothing in it yet.');
  await guest.keyboard.press('Escape');
  assert.equal(await button(guest, 'Add Ratatouille').count(), 0);
  await staff.http.patch('/restaurants/2/menu/items/5', { available: true });
  await button(guest, 'Add Ratatouille').waitFor();
});

test('an order without a network is shown as waiting, and is placed once', async () => {
  const network = await Network.start();
  networks.push(network);
  const { table_id, scan } = await createFreeTable();
  const guest = await openGuestPage(scan.replace(SERVICE, network.url));
  network.silence();
  network.cut();
  await placeOrder(guest, 'Fish soup');
  await untilShown(guest, 'Waiting for the network');
  await guest.locator('.connection[data-state=reconnecting]').waitFor();
  network.restore();
  network.silence('down'); // the order arrives, its response does not
  const session = await sessionOf(table_id);
  await until(async () => (await ordersOf(session)).length > 0);
  network.restore();
  await guest.reload();
  await guest.locator('.order, .outbox-order').first().waitFor({ state: 'attached' });
  await openTab(guest, 'Orders');
  await guest.locator('.order', { hasText: 'Your order' }).waitFor();
  assert.equal(await guest.locator('.outbox-order').count(), 0);
  assert.equal((await ordersOf(session)).length, 1);
});

test('the kitchen shows since when it is out of date, and recovers', async () => {
  const network = await Network.start();
  networks.push(network);
  const kitchen = await openKitchen(2, network.url);
  await turnSoundOn(kitchen);
  network.silence();
  network.cut();
  await kitchen.locator('.connection', { hasText: 'Reconnecting' }).waitFor();
  await kitchen.locator('.connection', { hasText: /^Out of date since \d\d:\d\d$/ }).waitFor();
  network.restore();
  await untilPageLive(kitchen);
});

test('the kitchen is read-only without a token, and asks for a sign-in with an invalid one', async () => {
  const readOnly = await devices.page('desktop');
  await readOnly.goto(`${SERVICE}/kitchen/?restaurant=2`);
  await untilShown(readOnly, 'This screen is read-only.');
  const refused = await devices.page('desktop');
  await refused.goto(`${SERVICE}/kitchen/?restaurant=2#token=made-up`);
  await untilShown(refused, 'This sign-in has ended');
});

test('the guest’s page reports an invalid code, and is in the language of browser or URL', async () => {
  const guest = await devices.page('phone');
  await guest.goto(`${SERVICE}/guest/#join=99-1-nonsense`);
  await untilShown(guest, 'This code is no longer valid.');
  const { scan } = await createFreeTable();
  const german = await devices.page('phone', 'light', { locale: 'de-DE', timezoneId: 'Asia/Tokyo' });
  await german.goto(scan);
  await untilShown(german, '14,50 €');
  assert.equal(await german.locator('html').getAttribute('lang'), 'de');
  const french = await devices.page('phone', 'light', { locale: 'fr-FR' });
  await french.goto(scan.replace('/guest/', '/guest/?lang=de'));
  await untilShown(french, 'Karte');
});
