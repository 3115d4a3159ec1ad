// The guests' and the kitchen's pages in a real browser, against the real service.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices } from './devices.mjs';
import { HASTY, Network, SERVICE, until } from './house.mjs';
import { live, turnSoundOn } from './scenes.mjs';

const staff = new RestaurantQR(HASTY);
const devices = new Devices();
const networks = [];

before(() => devices.start());
after(async () => {
  staff.disconnect();
  await devices.close();
  for (const network of networks) network.close();
  assert.deepEqual(devices.mistakes, []);
});

/** A table of restaurant 2 with nobody at it, and the code that is stuck on it. */
async function freeTable(number = crypto.randomUUID().slice(0, 8)) {
  const { table_id } = await staff.http.post('/restaurants/2/tables', { number, zone: 'Z', seats: 4 });
  const { table_code } = await staff.http.get(`/tables/${table_id}/code`);
  return { table_id, scan: `${SERVICE}/guest/#join=${table_code}`, table_code };
}

const sessionOf = async (table) => (await staff.http.get(`/tables/${table}`)).data.session.id;
const ordersOf = async (session) => (await staff.http.get(`/sessions/${session}`)).data.orders;

async function guestAt(address) {
  const page = await devices.page('phone');
  await page.goto(address);
  await live(page);
  return page;
}

async function kitchenOf(restaurant, address = SERVICE) {
  const page = await devices.page('desktop');
  await page.goto(`${address}/kitchen/?restaurant=${restaurant}#token=${staff.token}`);
  await live(page);
  return page;
}

const button = (page, name) => page.getByRole('button', { name });
const said = (page, text) => page.getByText(text).first().waitFor();
const part = (page, name) => page.locator('.tabs').getByRole('button', { name }).click();
const step = (page) => page.locator('.order [aria-current=step]').first().innerText();

/** By keyboard alone, as some people do everything. */
async function press(locator, key = 'Enter') {
  await locator.focus();
  await locator.press(key);
}

async function orders(page, dish) {
  await button(page, `Add ${dish}`).click();
  await button(page, /^Basket/).click();
  await button(page, 'Place the order').click();
}

/** What is clicked on a ticket until the order has that status. */
async function cooks(kitchen, order, name, status) {
  await kitchen.locator(`[data-order="${order}"]`).getByRole('button', { name }).click();
  await until(async () => (await staff.http.get(`/orders/${order}`)).data.status === status);
}

test('a page that does not know whose it is says what to do', async () => {
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

test('the kitchen keeps its screen awake, and again after it was away', async () => {
  const page = await devices.page('desktop');
  await page.addInitScript(() => {
    window.asked = [];
    const lock = { release: async () => window.asked.push('released') };
    const wakeLock = { request: async (what) => (window.asked.push(what), lock) };
    Object.defineProperty(navigator, 'wakeLock', { value: wakeLock });
  });
  await page.goto(`${SERVICE}/kitchen/?restaurant=2#token=${staff.token}`);
  await live(page);
  const asked = () => page.evaluate(() => window.asked);
  assert.deepEqual(await asked(), ['screen']);
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  assert.deepEqual(await asked(), ['screen', 'screen']);
});

test('from the scan to the plate, and the guest sees each step', async () => {
  const kitchen = await kitchenOf(2);
  assert.ok(!kitchen.url().includes(staff.token));
  const { table_id, scan } = await freeTable('41');
  const guest = await guestAt(scan);
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
  await until(async () => (await step(guest)).startsWith('Sent'));

  const ticket = kitchen.locator(`[data-order="${order}"]`);
  await ticket.getByText('No croutons').waitFor();
  await ticket.getByRole('heading', { name: 'Table 41' }).waitFor();
  await cooks(kitchen, order, 'Confirm', 'confirmed');
  await said(guest, 'The kitchen is preparing your order.');
  assert.match(await step(guest), /^Being prepared/);
  await cooks(kitchen, order, /Fish soup/, 'ready'); // its only item
  await kitchen.locator('.section[data-name=ready]').locator(ticket).waitFor();
  await said(guest, 'Your order is ready');
  await staff.http.patch(`/orders/${order}`, { status: 'delivered' });
  await until(async () => (await step(guest)).startsWith('Served'));
  await ticket.waitFor({ state: 'detached' });

  await part(guest, 'Bill');
  await guest.locator('.sums [data-name=balance]', { hasText: '€29.00' }).waitFor();
  await staff.http.post(`/orders/${order}/payments`, { amount: '29.00', method: 'card' });
  await guest.locator('.sums [data-name=balance]', { hasText: '€0.00' }).waitFor();
  await part(guest, 'Service');
  await guest.locator('.view[data-name=service]').getByRole('button', { name: 'Call a waiter' }).click();
  await said(guest, /^Called at/);
  await staff.http.post(`/sessions/${await sessionOf(table_id)}/close`);
  await said(guest, 'Thank you for your visit');
  await guest.reload();
  await said(guest, 'Thank you for your visit');
  await guest.locator('.sums [data-name=total]', { hasText: '€29.00' }).waitFor();
});

test('a sheet is open as soon as it is there, for the key that closes it', async () => {
  const guest = await guestAt((await freeTable()).scan);
  const there = await button(guest, 'Share').evaluate(async (share) => {
    share.click();
    await Promise.resolve(); // pages are drawn before the next key is heard
    return document.querySelector('dialog')?.matches(':modal');
  });
  assert.equal(there, true);
});

test('two guests at one table see what the other orders', async () => {
  const { table_id, table_code } = await freeTable();
  const first = await guestAt(`${SERVICE}/#join=${table_code}`); // as older codes are printed
  await button(first, 'Share').click();
  const code = await first.locator('.code').innerText();
  await first.keyboard.press('Escape');
  const second = await devices.page('phone');
  await second.goto(`${SERVICE}/guest/`);
  await second.getByLabel(/^Or enter the code/).fill(code.toLowerCase());
  await button(second, 'Join the table').click();
  await live(second);
  await orders(first, 'Tomato salad');
  await orders(second, 'Fish soup');
  for (const [page, mine, others] of [[first, 'Tomato', 'Fish'], [second, 'Fish', 'Tomato']]) {
    await page.locator('.order', { hasText: 'Your order' }).getByText(mine).waitFor();
    await page.locator('.order', { hasText: 'Order of your table' }).getByText(others).waitFor();
  }
  await button(second, 'Cancel this order').click();
  await first.locator('.order', { hasText: 'Cancelled' }).waitFor();
  assert.equal((await ordersOf(await sessionOf(table_id))).length, 2);
});

test('what is sold out is greyed at once, and is not ordered', async () => {
  const { scan } = await freeTable();
  const guest = await guestAt(scan);
  await button(guest, 'Add Ratatouille').click();
  const dish = guest.locator('.dish', { hasText: 'Ratatouille' });
  await staff.http.patch('/restaurants/2/menu/items/5', { available: false });
  await dish.getByText('Sold out').waitFor();
  await button(guest, /^Basket/).click();
  assert.ok(await button(guest, 'Place the order').isDisabled());
  await button(guest, 'Remove Ratatouille').click();
  await said(guest, 'Nothing in it yet.');
  await guest.keyboard.press('Escape');
  assert.equal(await button(guest, 'Add Ratatouille').count(), 0);
  await staff.http.patch('/restaurants/2/menu/items/5', { available: true });
  await button(guest, 'Add Ratatouille').waitFor();
});

test('an order without a network waits, says so, and is placed once', async () => {
  const network = await Network.between();
  networks.push(network);
  const { table_id, scan } = await freeTable();
  const guest = await guestAt(scan.replace(SERVICE, network.url));
  network.silence();
  network.cut();
  await orders(guest, 'Fish soup');
  await said(guest, 'Waiting for the network');
  await guest.locator('.connection[data-state=reconnecting]').waitFor();
  network.comeBack();
  network.silence('down'); // it arrives, and nobody hears of it
  const session = await sessionOf(table_id);
  await until(async () => (await ordersOf(session)).length > 0);
  network.comeBack();
  await guest.reload();
  await guest.locator('.order, .waits').first().waitFor({ state: 'attached' });
  await part(guest, 'Orders');
  await guest.locator('.order', { hasText: 'Your order' }).waitFor();
  assert.equal(await guest.locator('.waits').count(), 0);
  assert.equal((await ordersOf(session)).length, 1);
});

test('the kitchen knows when it hears nothing and is not current', async () => {
  const network = await Network.between();
  networks.push(network);
  const kitchen = await kitchenOf(2, network.url);
  await turnSoundOn(kitchen);
  network.silence();
  network.cut();
  await kitchen.locator('.connection', { hasText: 'Reconnecting' }).waitFor();
  await kitchen.locator('.connection', { hasText: /^Out of date since \d\d:\d\d$/ }).waitFor();
  network.comeBack();
  await live(kitchen);
});

test('who may only look is told so, and who may not is sent to sign in', async () => {
  const looking = await devices.page('desktop');
  await looking.goto(`${SERVICE}/kitchen/?restaurant=2`);
  await said(looking, 'This screen is read-only.');
  const refused = await devices.page('desktop');
  await refused.goto(`${SERVICE}/kitchen/?restaurant=2#token=made-up`);
  await said(refused, 'This sign-in has ended');
});

test('a code that is not good is said to be so, and the language is the reader’s', async () => {
  const guest = await devices.page('phone');
  await guest.goto(`${SERVICE}/guest/#join=99-1-nonsense`);
  await said(guest, 'This code is no longer valid.');
  const { scan } = await freeTable();
  const german = await devices.page('phone', 'light', { locale: 'de-DE', timezoneId: 'Asia/Tokyo' });
  await german.goto(scan);
  await said(german, '14,50 €');
  assert.equal(await german.locator('html').getAttribute('lang'), 'de');
  const french = await devices.page('phone', 'light', { locale: 'fr-FR' });
  await french.goto(scan.replace('/guest/', '/guest/?lang=de'));
  await said(french, 'Karte');
});
