// The pages of waiters and managers and the start page in Chromium, against a real service.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices, untilPageLive } from './devices.mjs';
import { FAST_SETTINGS, Network, SERVICE, until } from './harness.mjs';

/** Begins the tables' numbers, so that the file can run twice against one service. */
const RUN = `${process.pid}-`;

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

const button = (page, name) => page.getByRole('button', { name, exact: true });
const tokenFragment = `#token=${staff.token}`;

async function openPage(device, address) {
  const page = await devices.page(device);
  page.setDefaultTimeout(30_000);
  await page.goto(address);
  await untilPageLive(page);
  return page;
}

/** Create a waiter with a table and, if there are items, a session with a delivered order. */
async function createTable(number, ...menuItemIds) {
  const { waiter_id } = await staff.http.post('/restaurants/2/waiters', { name: 'Ada' });
  const table = { number, zone: 'Z', seats: 4, waiter_id };
  const { table_id } = await staff.http.post('/restaurants/2/tables', table);
  if (menuItemIds.length === 0) return { waiter_id, table_id };
  const { session_id } = await staff.http.post(`/tables/${table_id}/sessions`, {});
  const items = menuItemIds.map((menu_item_id) => ({ menu_item_id }));
  const { order_id } = await staff.http.post(`/sessions/${session_id}/orders`, { items });
  for (const status of ['confirmed', 'ready', 'delivered']) {
    await staff.http.patch(`/orders/${order_id}`, { status });
  }
  return { waiter_id, table_id, session_id, order_id };
}

const seat = (manager, number) =>
  manager.locator('.floor-table', { has: manager.getByText(number, { exact: true }) });

test('a payment whose response is lost is retried by the waiter and taken once', async () => {
  const network = await Network.start();
  networks.push(network);
  const { waiter_id, order_id } = await createTable(RUN + '81', 1);
  const waiter = await openPage('phone', `${network.url}/waiter/?waiter=${waiter_id}${tokenFragment}`);
  await waiter.locator('.table').click();
  network.silence('down'); // the payment arrives, its response does not
  await waiter.getByLabel('Amount').fill('10');
  await button(waiter, 'Take €10.00').click();
  const paid = async () => (await staff.http.get(`/orders/${order_id}`)).data.paid_amount;
  await until(async () => (await paid()) === '10.00');
  const context = waiter.context();
  await waiter.close();
  network.restore();
  const reopened = await context.newPage();
  await reopened.goto(`${network.url}/waiter/?waiter=${waiter_id}${tokenFragment}`);
  await reopened.locator('.table', { hasText: '€4.50' }).click();
  await reopened.getByText('It is not yet known whether €10.00 was taken').waitFor();
  await button(reopened, 'Try again').click();
  await button(reopened, 'Take €4.50').waitFor();
  assert.equal(await paid(), '10.00');
  const { data: events } = await staff.http.get(`/orders/${order_id}/history`);
  assert.equal(events.filter(({ type }) => type === 'PaymentReceived').length, 1);
});

test('a waiter seats guests and cannot close an unsettled table', async () => {
  const { waiter_id, table_id } = await createTable(RUN + '82');
  const waiter = await openPage('phone', `${SERVICE}/waiter/?waiter=${waiter_id}${tokenFragment}`);
  await waiter.locator('.table', { hasText: 'Free' }).click();
  const sheet = waiter.getByRole('dialog');
  await button(sheet, 'One guest more').click();
  await button(sheet, 'Seat 3 guests').click();
  const { session } = await until(async () => {
    const { data } = await staff.http.get(`/tables/${table_id}`);
    return data.is_occupied && data;
  });
  assert.deepEqual([session.guests_count, session.waiter_id], [3, waiter_id]);
  await staff.http.post(`/sessions/${session.id}/orders`, { items: [{ menu_item_id: 1 }] });
  await sheet.getByText('when everything is delivered and paid').waitFor();
  assert.equal(await button(sheet, 'Close the table').getAttribute('aria-disabled'), 'true');
});

test('a manager’s announcement is shown, a dish sold out, and a forced close audited', async () => {
  const { waiter_id, session_id } = await createTable(RUN + '83', 1);
  const waiter = await openPage('phone', `${SERVICE}/waiter/?waiter=${waiter_id}${tokenFragment}`);
  await waiter.locator('.table').waitFor(); // it receives broadcasts from now on
  const manager = await openPage('desktop', `${SERVICE}/manager/?restaurant=2${tokenFragment}`);
  await manager.getByLabel('Message').fill('The kitchen closes at ten');
  await button(manager, 'Send').click();
  await waiter.locator('.announcements').getByText('The kitchen closes at ten').waitFor();

  const dish = manager.getByRole('switch', { name: 'Fish soup' });
  await dish.click();
  await manager.getByRole('switch', { name: 'Fish soup', checked: false }).waitFor();
  assert.equal((await staff.http.get('/restaurants/2/menu')).data.categories[0].items[0].available, false);
  await dish.press('Enter'); // a second tap this soon is ignored
  await manager.getByRole('switch', { name: 'Fish soup', checked: true }).waitFor();

  await seat(manager, RUN + '83').click();
  const record = manager.getByRole('dialog');
  await record.getByLabel('Reason').fill('They have left');
  await button(record, 'Free the table').click();
  await seat(manager, RUN + '83').getByText('Free').waitFor();
  const { data: audit } = await staff.http.get(`/sessions/${session_id}/audit`);
  assert.deepEqual([audit.at(-1).type, audit.at(-1).data.reason], ['close_session', 'They have left']);
});

test('pages show a lost connection and an invalid sign-in', async () => {
  const network = await Network.start();
  networks.push(network);
  const manager = await openPage('desktop', `${network.url}/manager/?restaurant=2${tokenFragment}`);
  network.silence();
  network.cut();
  await manager.locator('.connection', { hasText: /^(Reconnecting|Out of date since)/ }).waitFor();
  network.restore();
  await untilPageLive(manager);
  const stranger = await devices.page('phone');
  await stranger.goto(`${SERVICE}/waiter/?waiter=10#token=made-up`);
  await stranger.getByText('This sign-in has ended.').waitFor();
});

test('the start page sends actions to a channel, and redirects scanned codes to the guests’ page', async () => {
  const start = await devices.page('desktop');
  let release;
  const released = new Promise((done) => { release = done; });
  await start.route('**/api/restaurants', async (route) => {
    await released; // the user acts before the response arrives
    await route.continue();
  });
  await start.goto(`${SERVICE}/${tokenFragment}`);
  await start.getByLabel('Channel').selectOption('order');
  await start.getByLabel('Id', { exact: true }).fill('1');
  await button(start, 'Connect').click();
  await start.locator('.frame-row', { hasText: 'order_status' }).waitFor();
  release();
  assert.equal(await start.locator('iframe').count(), 0);
  await button(start, 'Show them side by side').click();
  await start.locator('.preview').first().waitFor();
  await start.locator('textarea').fill('{"action": "dance"}');
  await button(start, 'Send').click();
  await start.locator('.frame-row[data-kind=error]', { hasText: 'unknown_action' }).waitFor();
  await start.locator('textarea').fill('{"action"');
  await button(start, 'Send').press('Enter'); // a second tap this soon is ignored
  await start.locator('#action-error:not(:empty)').waitFor();
  const frames = ['Kitchen', 'Floor'].map((title) =>
    start.frameLocator('.preview iframe >> nth=' + (title === 'Kitchen' ? 1 : 3)).getByRole('heading', { name: title }));
  for (const heading of frames) await heading.first().waitFor({ timeout: 60_000 }); // four unpackaged pages at once

  const { table_id } = await createTable(RUN + '84');
  const { table_code } = await staff.http.get(`/tables/${table_id}/code`);
  const guest = await devices.page('phone');
  await guest.goto(`${SERVICE}/#join=${table_code}`);
  await guest.getByRole('heading', { name: `Table ${RUN}84` }).waitFor();
});

test('the start page without a sign-in shows what the service allows', async () => {
  const start = await devices.page('desktop');
  await start.goto(SERVICE);
  await start.getByText('you can view everything, order and seat guests without a sign-in').waitFor();
  const refusal = { error: 'A token is needed: Authorization: Bearer …', code: 'unauthenticated' };
  await start.route('**/api/restaurants', (route) => route.fulfill({ status: 401, json: refusal }));
  await start.reload();
  await start.getByText('The restaurants are shown after you sign in.').waitFor();
  assert.equal(await start.getByText(/without a sign-in|Bearer/).count(), 0);
});

test('a manager signs a phone in and out, and the phone shows both at once', async () => {
  const name = `Eve ${process.pid}`;
  const label = `${name}’s phone`;
  const { waiter_id } = await staff.http.post('/restaurants/2/waiters', { name });
  const table = { number: RUN + '87', zone: 'Z', seats: 4, waiter_id };
  await staff.http.post('/restaurants/2/tables', table);
  const manager = await openPage('desktop', `${SERVICE}/manager/?restaurant=2${tokenFragment}`);
  await button(manager, 'Devices').click();
  const sheet = manager.getByRole('dialog', { name: 'Devices' });
  await sheet.getByLabel('Device of').selectOption({ label: name });
  await sheet.getByLabel('Name of the device').fill(label);
  await button(sheet, 'Show the code').click();
  await sheet.getByRole('img', { name: `Sign-in code of ${label}` }).waitFor();
  const waiter = await openPage('phone', await signInUrl(label));
  await waiter.locator('.table', { hasText: RUN + '87' }).waitFor();
  assert.equal(new URL(waiter.url()).hash, '');
  const device = sheet.getByRole('listitem').filter({ hasText: label });
  await device.getByText(`${name}, signed in until`).waitFor();
  assert.equal(await device.getByRole('img').count(), 0);
  await button(device, `Sign out: ${label}`).click();
  await button(device, `Really sign out: ${label}`).press('Enter'); // a second tap this soon is ignored
  await waiter.getByText('Signed out').waitFor();
  await device.waitFor({ state: 'detached' });
});

/** URL in the QR code of a device. */
async function signInUrl(label) {
  const { data } = await staff.http.get('/restaurants/2/devices');
  const { device_id } = data.devices.find((each) => each.label === label);
  return (await staff.http.get(`/restaurants/2/devices/${device_id}/code`)).url;
}
