// The waiters', the managers' and the start page in a real browser, against the real service.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices } from './devices.mjs';
import { HASTY, Network, SERVICE, until } from './house.mjs';
import { live } from './scenes.mjs';

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

const button = (page, name) => page.getByRole('button', { name, exact: true });
const signed = `#token=${staff.token}`;

async function opened(device, address) {
  const page = await devices.page(device);
  page.setDefaultTimeout(30_000);
  await page.goto(address);
  await live(page);
  return page;
}

/** A waiter with a table and, where an order is wished for, guests who have had it. */
async function service(number, ...wishes) {
  const { waiter_id } = await staff.http.post('/restaurants/2/waiters', { name: 'Ada' });
  const table = { number, zone: 'Z', seats: 4, waiter_id };
  const { table_id } = await staff.http.post('/restaurants/2/tables', table);
  if (wishes.length === 0) return { waiter_id, table_id };
  const { session_id } = await staff.http.post(`/tables/${table_id}/sessions`, {});
  const items = wishes.map((menu_item_id) => ({ menu_item_id }));
  const { order_id } = await staff.http.post(`/sessions/${session_id}/orders`, { items });
  for (const status of ['confirmed', 'ready', 'delivered']) {
    await staff.http.patch(`/orders/${order_id}`, { status });
  }
  return { waiter_id, table_id, session_id, order_id };
}

const seat = (manager, number) =>
  manager.locator('.seat', { has: manager.getByText(number, { exact: true }) });

test('a payment whose answer is lost is asked for again, and taken once', async () => {
  const network = await Network.between();
  networks.push(network);
  const { waiter_id, order_id } = await service('81', 1);
  const waiter = await opened('phone', `${network.url}/waiter/?waiter=${waiter_id}${signed}`);
  await waiter.locator('.table').click();
  network.silence('down'); // it arrives, and nobody hears of it
  await waiter.getByLabel('Amount').fill('10');
  await button(waiter, 'Take €10.00').click();
  const paid = async () => (await staff.http.get(`/orders/${order_id}`)).data.paid_amount;
  await until(async () => (await paid()) === '10.00');
  const context = waiter.context();
  await waiter.close(); // such as by somebody in a hurry
  network.comeBack();
  const later = await context.newPage();
  await later.goto(`${network.url}/waiter/?waiter=${waiter_id}${signed}`);
  await later.locator('.table', { hasText: '€4.50' }).click();
  await later.getByText('It is not yet known whether €10.00 was taken').waitFor();
  await button(later, 'Try again').click();
  await button(later, 'Take €4.50').waitFor();
  assert.equal(await paid(), '10.00');
  const { data: events } = await staff.http.get(`/orders/${order_id}/history`);
  assert.equal(events.filter(({ type }) => type === 'PaymentReceived').length, 1);
});

test('guests are seated, and what is not settled is not closed', async () => {
  const { waiter_id, table_id } = await service('82');
  const waiter = await opened('phone', `${SERVICE}/waiter/?waiter=${waiter_id}${signed}`);
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

test('what a manager says, sells out and forces is seen, done and on record', async () => {
  const { waiter_id, session_id } = await service('83', 1);
  const waiter = await opened('phone', `${SERVICE}/waiter/?waiter=${waiter_id}${signed}`);
  await waiter.locator('.table').waitFor(); // from then on it hears what is said to everybody
  const manager = await opened('desktop', `${SERVICE}/manager/?restaurant=2${signed}`);
  await manager.getByLabel('Message').fill('The kitchen closes at ten');
  await button(manager, 'Send').click();
  await waiter.locator('.broadcasts').getByText('The kitchen closes at ten').waitFor();

  const dish = manager.getByRole('switch', { name: 'Fish soup' });
  await dish.click();
  await manager.getByRole('switch', { name: 'Fish soup', checked: false }).waitFor();
  assert.equal((await staff.http.get('/restaurants/2/menu')).data.categories[0].items[0].available, false);
  await dish.press('Enter'); // a second tap this soon is ignored
  await manager.getByRole('switch', { name: 'Fish soup', checked: true }).waitFor();

  await seat(manager, '83').click();
  const record = manager.getByRole('dialog');
  await record.getByLabel('Reason').fill('They have left');
  await button(record, 'Free the table').click();
  await seat(manager, '83').getByText('Free').waitFor();
  const { data: audit } = await staff.http.get(`/sessions/${session_id}/audit`);
  assert.deepEqual([audit.at(-1).type, audit.at(-1).data.reason], ['close_session', 'They have left']);
});

test('a page that has no connection says so, and who may not look is told', async () => {
  const network = await Network.between();
  networks.push(network);
  const manager = await opened('desktop', `${network.url}/manager/?restaurant=2${signed}`);
  network.silence();
  network.cut();
  await manager.locator('.connection', { hasText: /^(Reconnecting|Out of date since)/ }).waitFor();
  network.comeBack();
  await live(manager);
  const stranger = await devices.page('phone');
  await stranger.goto(`${SERVICE}/waiter/?waiter=10#token=made-up`);
  await stranger.getByText('This sign-in has ended.').waitFor();
});

test('the start page talks to any channel, and leads scanned codes to the guests’ page', async () => {
  const start = await devices.page('desktop');
  let release;
  const held = new Promise((done) => { release = done; });
  await start.route('**/api/restaurants', async (route) => {
    await held; // somebody is faster than a bad network
    await route.continue();
  });
  await start.goto(`${SERVICE}/${signed}`);
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
  await start.locator('#wrong:not(:empty)').waitFor();
  const frames = ['Kitchen', 'Floor'].map((title) =>
    start.frameLocator('.preview iframe >> nth=' + (title === 'Kitchen' ? 1 : 3)).getByRole('heading', { name: title }));
  for (const heading of frames) await heading.first().waitFor();

  const { table_id } = await service('84');
  const { table_code } = await staff.http.get(`/tables/${table_id}/code`);
  const guest = await devices.page('phone');
  await guest.goto(`${SERVICE}/#join=${table_code}`);
  await guest.getByRole('heading', { name: 'Table 84' }).waitFor();
});

test('the start page without a sign-in says what the service allows', async () => {
  const start = await devices.page('desktop');
  await start.goto(SERVICE);
  await start.getByText('you can view everything, order and seat guests without a sign-in').waitFor();
  const refusal = { error: 'A token is needed: Authorization: Bearer …', code: 'unauthenticated' };
  await start.route('**/api/restaurants', (route) => route.fulfill({ status: 401, json: refusal }));
  await start.reload();
  await start.getByText('The restaurants are shown after you sign in.').waitFor();
  assert.equal(await start.getByText(/without a sign-in|Bearer/).count(), 0);
});

test('a phone is let in by a manager’s page, and out while it looks', async () => {
  const { waiter_id } = await staff.http.post('/restaurants/2/waiters', { name: 'Eve' });
  const table = { number: '87', zone: 'Z', seats: 4, waiter_id };
  await staff.http.post('/restaurants/2/tables', table);
  const manager = await opened('desktop', `${SERVICE}/manager/?restaurant=2${signed}`);
  await button(manager, 'Devices').click();
  const sheet = manager.getByRole('dialog', { name: 'Devices' });
  await sheet.getByLabel('Device of').selectOption({ label: 'Eve' });
  await sheet.getByLabel('Name of the device').fill('Eve’s phone');
  await button(sheet, 'Show the code').click();
  await sheet.getByRole('img', { name: 'Sign-in code of Eve’s phone' }).waitFor();
  const waiter = await opened('phone', await scanned('Eve’s phone'));
  await waiter.locator('.table', { hasText: '87' }).waitFor();
  assert.equal(new URL(waiter.url()).hash, '');
  const device = sheet.getByRole('listitem').filter({ hasText: 'Eve’s phone' });
  await device.getByText('Eve, signed in until').waitFor();
  assert.equal(await device.getByRole('img').count(), 0);
  await button(device, 'Sign out: Eve’s phone').click();
  await button(device, 'Really sign out: Eve’s phone').press('Enter'); // a second tap this soon is ignored
  await waiter.getByText('Signed out').waitFor();
  await device.waitFor({ state: 'detached' });
});

/** What a camera makes of the code that is shown. */
async function scanned(label) {
  const { data } = await staff.http.get('/restaurants/2/devices');
  const { device_id } = data.devices.find((each) => each.label === label);
  return (await staff.http.get(`/restaurants/2/devices/${device_id}/code`)).url;
}
