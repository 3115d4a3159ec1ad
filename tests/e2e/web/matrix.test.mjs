// A visit of a guest, from the scan to the plate, under the conditions of people's own phones and screens.
// MATRIX=all runs every combination; otherwise any two values of different factors meet.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { contextOptions, prepare, proxyOf } from './conditions.mjs';
import { Devices } from './devices.mjs';
import { HASTY, SERVICE, until } from './house.mjs';
import { aLargeRestaurant } from './large-menu.mjs';
import { layoutFaults, setLayout } from './layout.mjs';
import { everyCombination, nameOf, pairedCombinations, VISITS } from './matrix.mjs';

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
  test(`a guest orders: ${nameOf(combination)}`, async () => visit(combination));
}

async function visit(combination) {
  const proxy = await proxyOf(SERVICE, combination.proxy);
  const context = await devices.chromium.connected.newContext({ ...contextOptions(combination), locale: 'en-GB', reducedMotion: 'reduce' });
  context.setDefaultTimeout(15_000);
  await prepare(context, combination);
  const mistakes = [];
  const open = async (address) => {
    const page = await context.newPage();
    page.on('pageerror', (error) => mistakes.push(error.message));
    await page.goto(address);
    await setLayout(page, { window: combination.window, text: combination.text.includes('200') ? 200 : 100 });
    return page;
  };
  const press = (locator) => (combination.pointer === 'touch' ? locator.tap() : locator.click());
  const button = (page, name) => page.getByRole('button', { name, exact: typeof name === 'string' });
  try {
    tables += 1;
    const { table_id } = await staff.http.post(`/restaurants/${large.id}/tables`, { number: `${tables}`, zone: 'Matrix', seats: 4 });
    const { table_code } = await staff.http.get(`/tables/${table_id}/code`);
    const scan = `${proxy.url}/guest/#join=${table_code}`;

    let guest = await open(scan);
    await press(button(guest, `Add ${DISH}`));
    if (combination.tabs === 'two tabs') {
      const first = guest;
      guest = await open(scan);
      if (combination.storage === 'storage blocked') await press(button(guest, `Add ${DISH}`));
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
    if (combination.proxy !== 'no proxy') assert.ok(proxy.wasReplaced());
    assert.deepEqual(await layoutFaults(guest), []);

    const { session } = (await staff.http.get(`/tables/${table_id}`)).data;
    const ordersNow = async () => (await staff.http.get(`/sessions/${session.id}`)).data.orders;
    const [{ order_id }] = await ordersNow();

    const kitchen = await open(`${proxy.url}/kitchen/?restaurant=${large.id}#token=${staff.token}`);
    const ticket = kitchen.locator(`[data-order="${order_id}"]`);
    await ticket.getByText(DISH).waitFor();
    assert.doesNotMatch(await ticket.innerText(), /late/i);
    assert.deepEqual(await layoutFaults(kitchen), []);
    await press(ticket.getByRole('button', { name: 'Confirm' }));
    await press(ticket.getByRole('button', { name: 'All ready' }));
    await until(async () => (await ordersNow())[0].status === 'ready');

    await guest.bringToFront();
    await guest.locator('.order [aria-current=step]', { hasText: 'Ready' }).waitFor();
    assert.equal((await ordersNow()).length, 1, 'it was ordered once');
    assert.deepEqual(mistakes, []);
    await staff.http.patch(`/orders/${order_id}`, { status: 'delivered' });
  } finally {
    await context.close();
    proxy.close();
  }
}
