// A complete visit in four windows: guest, kitchen, waiter and manager. Every gateway is killed during it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices, untilPageLive } from './devices.mjs';
import { gateways } from './gateways.mjs';
import { FAST_SETTINGS, SERVICE, until } from './harness.mjs';

const staff = new RestaurantQR(FAST_SETTINGS);
const devices = new Devices();

before(() => devices.start());
after(async () => {
  staff.disconnect();
  await devices.close();
  assert.deepEqual(devices.errors, []);
});

const button = (page, name) => page.getByRole('button', { name });

async function openWindow(device, url) {
  const page = await devices.page(device);
  page.setDefaultTimeout(30_000);
  await page.goto(url);
  await untilPageLive(page);
  return page;
}

/** Create a table with a waiter, and open the four windows. */
async function openWindows(number) {
  const { waiter_id } = await staff.http.post('/restaurants/2/waiters', { name: 'Ada' });
  const table = { number, zone: 'Z', seats: 4, waiter_id };
  const { table_id } = await staff.http.post('/restaurants/2/tables', table);
  const { table_code } = await staff.http.get(`/tables/${table_id}/code`);
  const tokenFragment = `#token=${staff.token}`;
  const [waiter, kitchen, manager] = await Promise.all([
    openWindow('phone', `${SERVICE}/waiter/?waiter=${waiter_id}${tokenFragment}`),
    openWindow('desktop', `${SERVICE}/kitchen/?restaurant=2${tokenFragment}`),
    openWindow('desktop', `${SERVICE}/manager/?restaurant=2${tokenFragment}`),
  ]);
  const guest = await openWindow('phone', `${SERVICE}/guest/#join=${table_code}`);
  return { table_id, guest, kitchen, waiter, manager };
}

test('guest, kitchen, waiter and manager see every step of a visit across a killed gateway', async () => {
  const number = '71';
  const { table_id, guest, kitchen, waiter, manager } = await openWindows(number);
  const seat = manager.locator('.floor-table', { has: manager.getByText(number, { exact: true }) });
  const shows = (text) => seat.getByText(text).waitFor();
  const card = waiter.locator('.table', { has: waiter.getByText(number, { exact: true }) });
  await shows(/^Seated/);
  const earlier = (await staff.http.get('/restaurants/2')).data.figures;

  await button(guest, 'Add Fish soup').click();
  await button(guest, /^Basket/).click();
  await button(guest, 'Place the order').click();
  const { session } = (await staff.http.get(`/tables/${table_id}`)).data;
  const orders = async () => (await staff.http.get(`/sessions/${session.id}`)).data.orders;
  const [{ order_id: order }] = await until(async () => (await orders()).length > 0 && orders());
  await waiter.getByText(/New order \d+: 1 item/).waitFor();
  await shows(/^Waiting/);
  const ticket = kitchen.locator(`[data-order="${order}"]`);
  await ticket.getByRole('button', { name: 'Confirm' }).click();
  await guest.getByText('The kitchen is preparing your order.').first().waitFor();

  const killed = gateways();
  assert.ok(killed.length > 0);
  for (const pid of killed) process.kill(pid, 'SIGKILL');
  await waiter.locator('.connection:not([data-state=live])').waitFor();
  await until(() => gateways().some((pid) => !killed.includes(pid)));
  await Promise.all([guest, kitchen, waiter, manager].map(untilPageLive));

  await ticket.getByRole('button', { name: /Fish soup/ }).click();
  await shows(/^Ready to serve/);
  await guest.getByText('Your order is ready').first().waitFor();
  const carry = waiter.locator('.todo-row[data-kind=serve]', { hasText: 'Fish soup' });
  await button(carry, 'Delivered').click();
  await carry.waitFor({ state: 'detached' });
  await ticket.waitFor({ state: 'detached' });

  await guest.locator('.tabs').getByRole('button', { name: 'Bill' }).click();
  await button(guest, 'Ask for the bill').first().click();
  await manager.locator('.attention').getByText(`Table ${number} asks for the bill`).waitFor();
  await button(waiter, 'On my way').press('Enter'); // at the place of "Delivered": a tap this soon is ignored
  await manager.locator('.attention').getByText(`Table ${number} asks for the bill`).waitFor({ state: 'detached' });
  await button(waiter.locator('[data-kind=accepted]'), 'Done').click();

  await card.click();
  const sheet = waiter.getByRole('dialog');
  await sheet.getByLabel('Amount').fill('10,00');
  await sheet.getByLabel('Cash').check();
  await button(sheet, 'Take €10.00').click();
  await sheet.getByText('€4.50 is open.').waitFor();
  await button(sheet, 'Take €4.50').press('Enter'); // a second tap this soon is ignored
  await guest.locator('.sums [data-name=balance]', { hasText: '€0.00' }).waitFor();
  const { day_payments, payments } = (await staff.http.get('/restaurants/2')).data.figures;
  assert.equal(payments - earlier.payments, 2);
  assert.ok(day_payments > 0);

  await button(sheet, 'One guest more').click();
  await sheet.locator('output', { hasText: '2' }).waitFor();
  await shows(/^2 guests/);
  await button(sheet, 'Close the table').click();
  await sheet.waitFor({ state: 'detached' });
  await guest.getByText('Thank you for your visit').first().waitFor();
  await shows('Free');

  await seat.click();
  const record = manager.getByRole('dialog');
  await record.getByText('Visit ended').waitFor();
  await button(record, 'The table').click();
  await record.getByText('Freed').waitFor();
  await record.getByText('Seated 1 guest').waitFor();
});
