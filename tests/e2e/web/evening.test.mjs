// A whole evening in four windows: a guest, the kitchen, a waiter and a manager. In the middle of it
// every gateway is killed.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices } from './devices.mjs';
import { gateways } from './gateways.mjs';
import { HASTY, SERVICE, until } from './house.mjs';

const staff = new RestaurantQR(HASTY);
const devices = new Devices();

before(() => devices.start());
after(async () => {
  staff.disconnect();
  await devices.close();
  assert.deepEqual(devices.mistakes, []);
});

const button = (page, name) => page.getByRole('button', { name });
const live = (page) => page.locator('.connection[data-state=live]').waitFor();

async function window_(device, address) {
  const page = await devices.page(device);
  page.setDefaultTimeout(30_000);
  await page.goto(address);
  await live(page);
  return page;
}

/** A table with a waiter of its own, and the four windows that look at it. */
async function opened(number) {
  const { waiter_id } = await staff.http.post('/restaurants/2/waiters', { name: 'Ada' });
  const table = { number, zone: 'Z', seats: 4, waiter_id };
  const { table_id } = await staff.http.post('/restaurants/2/tables', table);
  const { table_code } = await staff.http.get(`/tables/${table_id}/code`);
  const signed = `#token=${staff.token}`;
  const [waiter, kitchen, manager] = await Promise.all([
    window_('phone', `${SERVICE}/waiter/?waiter=${waiter_id}${signed}`),
    window_('desktop', `${SERVICE}/kitchen/?restaurant=2${signed}`),
    window_('desktop', `${SERVICE}/manager/?restaurant=2${signed}`),
  ]);
  const guest = await window_('phone', `${SERVICE}/guest/#join=${table_code}`);
  return { table_id, guest, kitchen, waiter, manager };
}

test('scan, order, confirm, ready, carry, call, pay, close: everybody sees it', async () => {
  const number = '71';
  const { table_id, guest, kitchen, waiter, manager } = await opened(number);
  const seat = manager.locator('.seat', { has: manager.getByText(number, { exact: true }) });
  const shows = (text) => seat.getByText(text).waitFor();
  const card = waiter.locator('.table', { has: waiter.getByText(number, { exact: true }) });
  await shows(/^Seated/);
  const before_ = (await staff.http.get('/restaurants/2')).data.figures;

  await button(guest, 'Add Fish soup').click();
  await button(guest, /^Basket/).click();
  await button(guest, 'Place the order').click();
  const { session } = (await staff.http.get(`/tables/${table_id}`)).data;
  const orders = async () => (await staff.http.get(`/sessions/${session.id}`)).data.orders;
  const [{ order_id: order }] = await until(async () => (await orders()).length > 0 && orders());
  await waiter.getByText('New order: 1 item').waitFor();
  await shows(/^Waiting/);
  const ticket = kitchen.locator(`[data-order="${order}"]`);
  await ticket.getByRole('button', { name: 'Confirm' }).click();
  await guest.getByText('The kitchen is preparing your order.').first().waitFor();

  const old = gateways();
  assert.ok(old.length > 0);
  for (const pid of old) process.kill(pid, 'SIGKILL');
  await waiter.locator('.connection:not([data-state=live])').waitFor();
  await until(() => gateways().some((pid) => !old.includes(pid)));
  await Promise.all([guest, kitchen, waiter, manager].map(live));

  await ticket.getByRole('button', { name: /Fish soup/ }).click();
  await shows(/^Ready to serve/);
  await guest.getByText('Your order is ready').first().waitFor();
  const carry = waiter.locator('.todo-row[data-kind=carry]', { hasText: 'Fish soup' });
  await button(carry, 'Delivered').click();
  await carry.waitFor({ state: 'detached' });
  await ticket.waitFor({ state: 'detached' });

  await guest.locator('.tabs').getByRole('button', { name: 'Bill' }).click();
  await button(guest, 'Ask for the bill').first().click();
  await manager.locator('.needs').getByText(`Table ${number} asks for the bill`).waitFor();
  await button(waiter, 'On my way').press('Enter'); // it is at the place of "Delivered": a tap this soon is ignored
  await manager.locator('.needs').getByText(`Table ${number} asks for the bill`).waitFor({ state: 'detached' });
  await button(waiter.locator('[data-kind=promised]'), 'Done').click();

  await card.click();
  const sheet = waiter.getByRole('dialog');
  await sheet.getByLabel('Amount').fill('10,00');
  await sheet.getByLabel('Cash').check();
  await button(sheet, 'Take €10.00').click();
  await sheet.getByText('€4.50 is open.').waitFor();
  await button(sheet, 'Take €4.50').press('Enter'); // a second tap this soon is ignored
  await guest.locator('.sums [data-name=balance]', { hasText: '€0.00' }).waitFor();
  const { day_payments, payments } = (await staff.http.get('/restaurants/2')).data.figures;
  assert.equal(payments - before_.payments, 2);
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
