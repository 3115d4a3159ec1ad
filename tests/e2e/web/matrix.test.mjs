// A guest's visit and the staff's work, under the conditions of people's own phones and screens.
// MATRIX=all runs every combination; otherwise any two values of different factors meet.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { contextOptions, prepare, proxyOf } from './conditions.mjs';
import { Devices } from './devices.mjs';
import { HASTY, SERVICE, until } from './house.mjs';
import { aLargeRestaurant } from './large-menu.mjs';
import { layoutFaults, setLayout } from './layout.mjs';
import { everyCombination, nameOf, pairedCombinations, SHIFTS, VISITS } from './matrix.mjs';

const combinationsOf = process.env.MATRIX === 'all' ? everyCombination : pairedCombinations;
const DISH = 'Fish and seafood no. 2';

const staff = new RestaurantQR(HASTY);
const devices = new Devices();
let large;
let tables = 100;

before(async () => { [large] = await Promise.all([aLargeRestaurant(staff), devices.start()]); });
after(async () => {
  staff.disconnect();
  await devices.close();
});

for (const combination of combinationsOf(VISITS)) {
  test(`a guest orders: ${nameOf(combination)}`, async () => under(combination, visit));
}
for (const combination of combinationsOf(SHIFTS)) {
  test(`the staff serves: ${nameOf(combination)}`, async () => under(combination, serve));
}

const button = (page, name) => page.getByRole('button', { name, exact: typeof name === 'string' });

/** Run a journey in a browser context of its own, in the conditions of a combination. */
async function under(combination, journey) {
  const proxy = await proxyOf(SERVICE, combination.proxy);
  const context = await devices.chromium.connected.newContext({
    ...contextOptions(combination), locale: 'en-GB', reducedMotion: 'reduce',
  });
  context.setDefaultTimeout(15_000);
  await prepare(context, combination);
  const mistakes = [];
  const open = async (path) => {
    const page = await context.newPage();
    page.on('pageerror', (error) => mistakes.push(error.message));
    await page.goto(proxy.url + path);
    await setLayout(page, { window: combination.window, text: combination.text.includes('200') ? 200 : 100 });
    return page;
  };
  const press = (locator) => (combination.pointer === 'touch' ? locator.tap() : locator.click());
  try {
    await journey(combination, { open, press, proxy, table: await newTable() });
    assert.deepEqual(mistakes, []);
  } finally {
    await context.close();
    proxy.close();
  }
}

async function newTable() {
  tables += 1;
  const described = { number: `${tables}`, zone: 'Matrix', seats: 4, waiter_id: large.waiter_id };
  const { table_id } = await staff.http.post(`/restaurants/${large.id}/tables`, described);
  const { table_code } = await staff.http.get(`/tables/${table_id}/code`);
  return { table_id, number: `${tables}`, scan: `/guest/#join=${table_code}` };
}

/** From the scan to the plate, on a guest's phone and the kitchen's screen. */
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
  // The order may arrive by the socket before the proxy has answered in the service's place.
  await until(() => proxy.hasReplaced() === (kind !== 'no proxy'), 'the proxy answers in its place');
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
  assert.equal((await orders()).length, 1, 'it was ordered once');
  await staff.http.patch(`/orders/${order_id}`, { status: 'delivered' });
}

/** A table's order as its waiter and the manager see it, and its payment. */
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
  await press(manager.locator('.seat', { has: manager.getByText(table.number, { exact: true }) }));
  await manager.getByRole('dialog').getByText(DISH).waitFor();
  assert.deepEqual(await layoutFaults(manager), []);
  await staff.http.post(`/sessions/${session_id}/close`);
}
