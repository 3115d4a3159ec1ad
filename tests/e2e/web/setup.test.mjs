// A manager sets a restaurant up: tables, waiters and what guests may do. In Chromium, against a real service.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { assertAccessible } from './axe.mjs';
import { Devices, untilPageLive } from './devices.mjs';
import { FAST_SETTINGS, SERVICE, until } from './harness.mjs';
import { faultsInLayouts } from './layout.mjs';

const staff = new RestaurantQR(FAST_SETTINGS);
const { http } = staff;
const devices = new Devices();

before(() => devices.start());
after(async () => {
  staff.disconnect();
  await devices.close();
  assert.deepEqual(devices.errors, []);
});

const press = (page, name) => page.getByRole('button', { name, exact: true }).press('Enter');

/** A manager's setup of a new restaurant, which has nothing yet. */
async function openSetup() {
  const { restaurant_id: id } = await http.post('/restaurants', { name: 'Aurora', currency: 'EUR', timezone: 'Europe/Rome' });
  const page = await devices.page('desktop');
  await page.goto(`${SERVICE}/manager/?restaurant=${id}#token=${staff.token}`);
  await untilPageLive(page);
  await press(page, 'Setup');
  const sheet = page.getByRole('dialog');
  const restaurant = async () => (await http.get(`/restaurants/${id}`)).data;
  const tables = async () => (await restaurant()).tables.list.map(({ table_number, zone, seats, waiter_id, is_active }) => (
    [table_number, zone, seats, waiter_id, is_active]));
  return { id, page, sheet, restaurant, tables };
}

async function addTable(sheet, number, fields) {
  await press(sheet, 'Add a table');
  await sheet.getByLabel('Number').fill(number);
  for (const [label, value] of Object.entries(fields)) await sheet.getByLabel(label).fill(value);
  await press(sheet, 'Save');
}

test('a manager adds waiters and tables, and changes a table', async () => {
  const { page, sheet, restaurant, tables } = await openSetup();
  await sheet.getByLabel('Name of the new waiter').fill('Ada');
  await press(sheet, 'Add a waiter');
  await sheet.locator('.setup-rows').getByText('Ada', { exact: true }).waitFor();
  const [{ waiter_id, name }] = (await restaurant()).waiters;
  assert.equal(name, 'Ada');

  await addTable(sheet, '1', { Zone: 'Terrace', Seats: '6' });
  await page.getByText('Table 1 is saved.').waitFor();
  await sheet.getByRole('button', { name: 'Edit: Table 1' }).waitFor();
  assert.deepEqual(await tables(), [['1', 'Terrace', 6, null, true]]);

  await press(sheet, 'Edit: Table 1');
  await sheet.locator('.setup-form select').selectOption('Ada');
  await sheet.getByLabel('Zone').fill('Garden');
  await sheet.getByLabel('Seats').fill('2');
  await sheet.getByRole('switch', { name: 'In use' }).press('Enter');
  await assertAccessible(page);
  assert.deepEqual(await faultsInLayouts(page), {});
  await press(sheet, 'Save');
  await sheet.locator('li', { hasText: 'Table 1' }).getByText('Out of use').waitFor();
  await sheet.locator('li', { hasText: 'Table 1' }).getByText('Zone Garden · 2 seats · Ada').waitFor();
  assert.deepEqual(await tables(), [['1', 'Garden', 2, waiter_id, false]]);
});

test('a number that is taken is refused beside its field, and nothing changes', async () => {
  const { sheet, tables } = await openSetup();
  await addTable(sheet, '1', { Zone: 'A' });
  await sheet.getByRole('button', { name: 'Edit: Table 1' }).waitFor();
  await addTable(sheet, '1', { Zone: 'B' });
  await sheet.locator('.input', { hasText: 'Number' }).getByRole('alert').waitFor();
  assert.deepEqual(await tables(), [['1', 'A', 4, null, true]]);
  await sheet.getByLabel('Number').fill('2');
  await press(sheet, 'Save');
  await sheet.getByRole('button', { name: 'Edit: Table 2' }).waitFor();
  assert.deepEqual((await tables()).map(([number, zone]) => [number, zone]), [['1', 'A'], ['2', 'B']]);
});

test('a manager decides whether guests open tables', async () => {
  const { sheet, restaurant } = await openSetup();
  const choice = sheet.getByRole('switch', { name: 'Guests open tables' });
  assert.equal(await choice.isChecked(), true);
  await choice.press('Enter');
  await until(async () => (await restaurant()).guest_opens_table === false, 'guests cannot open tables');
  await sheet.page().reload();
  await untilPageLive(sheet.page());
  await press(sheet.page(), 'Setup');
  assert.equal(await choice.isChecked(), false);
  await choice.press('Enter');
  await until(async () => (await restaurant()).guest_opens_table, 'guests open tables');
});
