// The manager's menu editor: allergens and texts of a dish, an option group, and errors at their fields.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices, untilPageLive } from './devices.mjs';
import { FAST_SETTINGS, SERVICE, until } from './harness.mjs';

const staff = new RestaurantQR(FAST_SETTINGS);
const { http } = staff;
const devices = new Devices();

before(() => devices.start());
after(async () => {
  staff.disconnect();
  await devices.close();
  assert.deepEqual(devices.errors, []);
});

test('a manager edits a dish and an option group, and each error is shown at its field', async () => {
  const { restaurant_id: id } = await http.post('/restaurants', { name: 'Aurora', currency: 'EUR', timezone: 'Europe/Rome' });
  const items = ['Soup', 'Steak'].map((name) => ({ name, price: '5.00', description: 'Of the day' }));
  await http.put(`/restaurants/${id}/menu`, { categories: [{ name: 'Food', items }] });
  const menu = async () => (await http.get(`/restaurants/${id}/menu`)).data;
  const page = await devices.page('desktop');
  await page.goto(`${SERVICE}/manager/?restaurant=${id}#token=${staff.token}`);
  await untilPageLive(page);
  const sheet = page.getByRole('dialog');
  const button = (name, within = sheet) => within.getByRole('button', { name, exact: true });
  const field = (name) => sheet.getByLabel(name, { exact: true });
  const saved = async () => sheet.waitFor({ state: 'detached' });

  await button('Option groups', page).click();
  await button('New option group').click();
  await field('Name').first().fill('Degree');
  await field('At least').fill('2');
  await field('Name').nth(1).fill('Rare');
  await button('Save').click();
  await sheet.locator('.input', { hasText: 'At least' }).getByRole('alert').waitFor();
  await field('At least').fill('1');
  await field('Not declared').uncheck();
  await button('Save').click();
  await button('Edit: Degree').waitFor();
  await button('Close').first().click();
  await saved();

  await button('Edit: Steak', page).click();
  await field('Price').fill('cheap');
  await button('Save').click();
  await sheet.locator('.input', { hasText: 'Price' }).getByRole('alert').waitFor();
  await field('Price').fill('24,00');
  await field('Not declared').uncheck();
  await field('celery').check();
  await field('halal').check();
  await field('Degree').check();
  await button('Add a language').click();
  await field('Language').fill('de');
  await field('Name').nth(1).fill('Rumpsteak');
  await button('Save').click();
  await saved();

  const { categories: [{ items: [soup, steak] }], option_groups: [degree] } = await until(menu);
  assert.deepEqual([soup.allergens, soup.description, soup.price], [null, 'Of the day', '5.00']);
  assert.deepEqual(steak, {
    id: steak.id, name: 'Steak', description: 'Of the day', price: '24.00', available: true, allergens: ['celery'],
    diets: ['halal'], hours: [], photo_id: null, portions: null, unavailable_until: null,
    option_group_ids: [degree.id], translations: { de: { name: 'Rumpsteak', description: '' } },
  });
  assert.deepEqual([degree.min, degree.max, degree.options[0].allergens], [1, 1, []]);
});

test('a manager sets when orders are ready and empty tables close', async () => {
  const { restaurant_id: id } = await http.post('/restaurants', { name: 'Aurora', currency: 'EUR', timezone: 'Europe/Rome' });
  const page = await devices.page('desktop');
  await page.goto(`${SERVICE}/manager/?restaurant=${id}#token=${staff.token}`);
  await untilPageLive(page);
  await page.getByRole('button', { name: 'Ordering', exact: true }).click();
  const sheet = page.getByRole('dialog');
  await sheet.getByLabel(/^Close a table where nothing is ordered/).fill('20');
  await sheet.getByLabel(/^Seconds to take back/).fill('0');
  await sheet.getByRole('button', { name: 'Save' }).click();
  await sheet.waitFor({ state: 'detached' });
  const { empty_session_minutes, ready_grace_s } = (await http.get(`/restaurants/${id}/menu`)).data;
  assert.deepEqual([empty_session_minutes, ready_grace_s], [20, 0]);
});
