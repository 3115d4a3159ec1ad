// A guest's visit and the staff's work, runUnder combinations of devices, clocks, storage and proxies.
// MATRIX=all runs every combination; otherwise any two values of different factors meet.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { contextOptions, prepare, startProxy } from './conditions.mjs';
import { Devices } from './devices.mjs';
import { FAST_SETTINGS, SERVICE, until } from './harness.mjs';
import { createLargeRestaurant } from './large-menu.mjs';
import { layoutFaults, setLayout } from './layout.mjs';
import { everyCombination, nameOf, pairedCombinations, STAFF_CONDITIONS, GUEST_CONDITIONS } from './matrix.mjs';

const combinationsOf = process.env.MATRIX === 'all' ? everyCombination : pairedCombinations;
const DISH = 'Fish and seafood no. 2';

const staff = new RestaurantQR(FAST_SETTINGS);
const devices = new Devices();
let large;
let tables = 100;

before(async () => { [large] = await Promise.all([createLargeRestaurant(staff), devices.start()]); });
after(async () => {
  staff.disconnect();
  await devices.close();
});

for (const combination of combinationsOf(GUEST_CONDITIONS)) {
  test(`a guest orders: ${nameOf(combination)}`, async () => runUnder(combination, visit));
}
for (const combination of combinationsOf(STAFF_CONDITIONS)) {
  test(`the staff serves: ${nameOf(combination)}`, async () => runUnder(combination, serve));
}

const button = (page, name) => page.getByRole('button', { name, exact: typeof name === 'string' });

/** Run a journey in a new browser context, under the conditions of a combination. */
async function runUnder(combination, journey) {
  const proxy = await startProxy(SERVICE, combination.proxy);
  const context = await devices.chromium.connected.newContext({
    ...contextOptions(combination), locale: 'en-GB', reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(15_000);
  await prepare(context, combination);
  const errors = [];
  const open = async (path) => {
    const page = await context.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(proxy.url + path);
    await setLayout(page, { window: combination.window, text: combination.text.includes('200') ? 200 : 100 });
    return page;
  };
  const press = (locator) => (combination.pointer === 'touch' ? locator.tap() : locator.click());
  try {
    await journey(combination, { open, press, proxy, table: await createTable() });
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
    proxy.close();
  }
}

async function createTable() {
  tables += 1;
  const body = { number: `${tables}`, zone: 'Matrix', seats: 4, waiter_id: large.waiter_id };
  const { table_id } = await staff.http.post(`/restaurants/${large.id}/tables`, body);
  const { table_code } = await staff.http.get(`/tables/${table_id}/code`);
  return { table_id, number: `${tables}`, scan: `/guest/#join=${table_code}` };
}

/** From the scan to the ready order, on a guest's phone and the kitchen's screen. */
async function visit({ tabs, storage, proxy: kind }, { open, press, proxy, table }) {
  let guest = await open(table.scan);
  await press(button(guest, `Add ${DISH}`));
  if (tabs === 'two tabs') {
    const first = guest;
    guest = await open(table.scan);
    if (storage === 'storage blocked') await press(button(guest, `Add ${DISH}`));
    await button(guest, /^Basket · 1 item/).waitFor();
    await button(first, /^Basket · 1 item/).waitFor();
    await guest.bringToFront();
  }
  assert.deepEqual(await layoutFaults(guest), []);
  await press(button(guest, /^Basket/));
  await guest.getByRole('dialog').waitFor();
  assert.deepEqual(await layoutFaults(guest), []);
  await press(button(guest, 'Place the order'));
  await guest.locator('.order [aria-current=step]', { hasText: 'Sent' }).waitFor();
  // The order may arrive over the socket before the proxy replaces the response.
  await until(() => proxy.hasReplaced() === (kind !== 'no proxy'), 'the proxy has replaced the response');
  assert.deepEqual(await layoutFaults(guest), []);

  const { session } = (await staff.http.get(`/tables/${table.table_id}`)).data;
  const orders = async () => (await staff.http.get(`/sessions/${session.id}`)).data.orders;
  const [{ order_id }] = await orders();

  const kitchen = await open(`/kitchen/?restaurant=${large.id}#token=${staff.token}`);
  const ticket = kitchen.locator(`[data-order="${order_id}"]`);
  await ticket.getByText(DISH).waitFor();
  assert.doesNotMatch(await ticket.innerText(), /late/i);
  assert.deepEqual(await layoutFaults(kitchen), []);
  await press(ticket.getByRole('button', { name: 'Confirm' }));
  await ticket.getByRole('button', { name: 'All ready' }).press('Enter'); // a second tap this soon is ignored
  await until(async () => (await orders())[0].status === 'ready');

  await guest.bringToFront();
  await guest.locator('.order [aria-current=step]', { hasText: 'Ready' }).waitFor();
  assert.equal((await orders()).length, 1, 'there is one order');
  await staff.http.patch(`/orders/${order_id}`, { status: 'delivered' });
}

/** A waiter takes the payment of a table; the waiter and the manager see its order. */
async function serve(_, { open, press, table }) {
  const { session_id } = await staff.http.post(`/tables/${table.table_id}/sessions`, { guests_count: 2 });
  const dish = large.dishes.find(({ name }) => name === DISH);
  const order = { items: [{ menu_item_id: dish.id, quantity: 2, notes: 'Without garlic' }] };
  const { order_id } = await staff.http.post(`/sessions/${session_id}/orders`, order);
  for (const status of ['confirmed', 'ready', 'delivered']) await staff.http.patch(`/orders/${order_id}`, { status });
  const { total_amount: total } = (await staff.http.get(`/orders/${order_id}`)).data;
  const paid = async () => (await staff.http.get(`/orders/${order_id}`)).data.paid_amount;

  const waiter = await open(`/waiter/?waiter=${large.waiter_id}#token=${staff.token}`);
  await press(waiter.locator('.table', { has: waiter.getByText(table.number, { exact: true }) }));
  const sheet = waiter.getByRole('dialog');
  await sheet.getByText(DISH).waitFor();
  await sheet.getByText('Without garlic').waitFor();
  assert.deepEqual(await layoutFaults(waiter), []);
  await press(button(sheet, `Take €${total}`));
  await until(async () => (await paid()) === total);

  const manager = await open(`/manager/?restaurant=${large.id}#token=${staff.token}`);
  assert.deepEqual(await layoutFaults(manager), []);
  await press(manager.locator('.floor-table', { has: manager.getByText(table.number, { exact: true }) }));
  await manager.getByRole('dialog').getByText(DISH).waitFor();
  assert.deepEqual(await layoutFaults(manager), []);
  await staff.http.post(`/sessions/${session_id}/close`);
}
