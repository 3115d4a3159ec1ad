// A guest orders dishes with options: choices, allergens, the menu's language, and a price that changes meanwhile.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices, untilPageLive } from './devices.mjs';
import { FAST_SETTINGS, until } from './harness.mjs';
import { faultsInLayouts } from './layout.mjs';
import { assertAccessible } from './axe.mjs';

const staff = new RestaurantQR(FAST_SETTINGS);
const { http } = staff;
const devices = new Devices();

before(() => devices.start());
after(async () => {
  staff.disconnect();
  await devices.close();
  assert.deepEqual(devices.errors, []);
});

const MENU = {
  categories: [{
    name: 'Grill',
    items: [
      {
        name: 'Steak', price: '24.00', allergens: ['celery'], option_group_ids: ['degree', 'extras'],
        translations: { de: { name: 'Rumpsteak', description: '' } },
      },
      { name: 'Bread', price: '2.00', allergens: [], diets: ['vegan'] },
      { name: 'Stew', price: '9.00' },
    ],
  }],
  option_groups: [
    { name: 'Degree', external_id: 'degree', min: 1, options: [{ name: 'Rare', allergens: [] }, { name: 'Medium', allergens: [] }] },
    {
      name: 'Extras', external_id: 'extras', max: 2,
      options: [{ name: 'Butter', price: '1.50', allergens: ['milk'] }, { name: 'Herbs', allergens: null }],
    },
  ],
};

const button = (page, name) => page.getByRole('button', { name });

/** Create a restaurant with that menu and a session at its table. */
async function createRestaurant() {
  const { restaurant_id: id } = await http.post('/restaurants', { name: 'Aurora', currency: 'EUR', timezone: 'Europe/Rome' });
  await http.put(`/restaurants/${id}/menu`, MENU);
  const { data: { categories: [{ items: [steak] }] } } = await http.get(`/restaurants/${id}/menu`);
  const { table_id } = await http.post(`/restaurants/${id}/tables`, { number: '4', zone: 'A', seats: 4 });
  const { session_id } = await http.post(`/tables/${table_id}/sessions`, { guests_count: 1 });
  const { url } = await http.get(`/tables/${table_id}/code`);
  return { id, steak, session: session_id, scan: url };
}

async function openGuestPage(scan) {
  const page = await devices.page('phone');
  await page.goto(scan);
  await untilPageLive(page);
  return page;
}

const dialogOf = (page) => page.getByRole('dialog');

/** Add a steak to the basket with these options, chosen in the dialog that "+" opens. */
async function addSteak(page, ...names) {
  await button(page, 'Add Steak').press('Enter');
  for (const name of names) await dialogOf(page).getByLabel(name).check();
  await button(dialogOf(page), 'Add to the basket').press('Enter');
  await dialogOf(page).waitFor({ state: 'detached' });
}

test('a guest orders a dish with options, and confirms a price that changed meanwhile', async () => {
  const { id, steak, session, scan } = await createRestaurant();
  const page = await openGuestPage(scan);
  await button(page, 'Add Steak').press('Enter');
  const dialog = dialogOf(page);
  await dialog.getByText('Contains: celery').waitFor();
  await button(dialog, 'Add to the basket').press('Enter');
  await dialog.locator('.rule[data-tone=bad]', { hasText: 'Please choose one.' }).waitFor();
  await dialog.getByLabel('Medium').check();
  await dialog.getByLabel('Butter').check();
  await dialog.getByText('Contains: celery, milk').waitFor();
  await assertAccessible(page);
  assert.deepEqual(await faultsInLayouts(page), {});
  await button(dialog, /^Add to the basket\s*€25.50/).press('Enter');
  await addSteak(page, 'Medium', 'Butter');
  await addSteak(page, 'Medium');
  await button(page, /^Basket · 3 items\s*€75.00/).press('Enter');
  assert.deepEqual(await dialog.locator('.line .count > [aria-hidden]').allInnerTexts(), ['2', '1']);

  await page.context().setOffline(true);
  await button(dialog, 'Place the order').press('Enter');
  await http.patch(`/restaurants/${id}/menu/items/${steak.id}`, { price: '25.00' });
  await page.context().setOffline(false);
  await page.getByText('Your order costs €78.00 now instead of €75.00.').waitFor();
  assert.deepEqual((await http.get(`/sessions/${session}`)).data.orders, []);
  await button(page, /^Basket · 3 items\s*€78.00/).press('Enter');
  await button(dialog, 'Place the order').press('Enter');
  const [{ order_id }] = await until(async () => {
    const { orders } = (await http.get(`/sessions/${session}`)).data;
    return orders.length > 0 && orders;
  });
  assert.equal((await http.get(`/orders/${order_id}/items`)).data.total_amount, '78.00');
  await page.locator(`[data-order="${order_id}"] .bill-line`, { hasText: /2 ×\s*Steak\s*Medium\s*Butter/ }).waitFor();
});

test('a guest filters the menu by allergens and reads it in another language', async () => {
  const { scan } = await createRestaurant();
  const page = await openGuestPage(scan);
  await button(page, 'Without …').press('Enter');
  await dialogOf(page).getByLabel('celery').check();
  await assertAccessible(page);
  await button(dialogOf(page), 'Done').press('Enter');
  await page.getByText('2 dishes are hidden.').waitFor();
  assert.deepEqual(await page.locator('.dish .name').allInnerTexts(), ['Bread']);
  await page.reload();
  await button(page, 'Without: celery').press('Enter');
  await button(dialogOf(page), 'Show all dishes').press('Enter');
  await button(dialogOf(page), 'Done').press('Enter');
  await page.getByLabel('Language of the menu').selectOption('de');
  assert.deepEqual(await page.locator('.dish .name').allInnerTexts(), ['Rumpsteak', 'Bread', 'Stew']);
  assert.deepEqual(await faultsInLayouts(page), {});
  await button(page, 'Stew').first().press('Enter');
  await dialogOf(page).getByText('Allergens not declared: ask the staff').waitFor();
});
