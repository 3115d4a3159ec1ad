// A manager downloads the menu, corrects a file whose lines are wrong, sees what it changes, and publishes it.
import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
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

const file = (content, name = 'menu.csv') => ({ name, mimeType: 'text/csv', buffer: Buffer.from(content) });

test('a manager imports a menu after correcting the lines that are wrong', async () => {
  const { restaurant_id: id } = await http.post('/restaurants', { name: 'Aurora', currency: 'EUR', timezone: 'Europe/Rome' });
  const items = ['Soup', 'Steak'].map((name) => ({ name, price: '5.00' }));
  await http.put(`/restaurants/${id}/menu`, { categories: [{ name: 'Food', items }] });
  const dishes = async () => (await http.get(`/restaurants/${id}/menu`)).data.categories[0].items.map(({ name, price }) => `${name} ${price}`);
  const page = await devices.page('desktop');
  await page.goto(`${SERVICE}/manager/?restaurant=${id}#token=${staff.token}`);
  await untilPageLive(page);
  await page.getByRole('button', { name: 'Menu file' }).click();
  const sheet = page.getByRole('dialog');
  const choose = (chosen) => sheet.getByLabel('File to import (CSV or JSON)').setInputFiles(chosen);
  const publish = sheet.getByRole('button', { name: 'Publish' });

  const [download] = await Promise.all([page.waitForEvent('download'), sheet.getByRole('button', { name: 'Download CSV' }).click()]);
  assert.equal(download.suggestedFilename(), `menu-${id}.csv`);
  const exported = (await buffer(await download.createReadStream())).toString();
  assert.ok(exported.startsWith('\ufeffcategory,external_id,id,name'));

  await choose(file(exported));
  await sheet.getByText('0 new, 0 changed, 2 unchanged, 0 deleted').waitFor();
  assert.ok(await publish.isDisabled());

  await choose(file('PK\u0003\u0004', 'menu.xlsx'));
  await sheet.getByText('This is a spreadsheet file.').waitFor();

  await choose(file(exported.replaceAll('5.00', 'cheap')));
  await sheet.getByText('2 lines are wrong.').waitFor();
  await sheet.getByText('Line 3').waitFor();
  assert.ok(await publish.isDisabled());
  assert.deepEqual(await dishes(), ['Soup 5.00', 'Steak 5.00']);

  await choose(file(`${exported.replace('5.00', '6,50').replace(',6,50', ',"6,50"')}Food,,,Pie,,4.00\r\n`));
  await sheet.getByText('1 new, 1 changed, 1 unchanged, 0 deleted').waitFor();
  await sheet.getByText('Price: 5.00 → 6.50').waitFor();
  const meanwhile = (await http.get(`/restaurants/${id}/menu`)).data.categories[0].items[1].id;
  await http.patch(`/restaurants/${id}/menu/items/${meanwhile}`, { price: '7.00' });
  await publish.click();
  await sheet.getByRole('alert').getByText('Someone else was faster.').waitFor();
  await sheet.getByText('1 new, 2 changed, 0 unchanged, 0 deleted').waitFor();
  assert.deepEqual(await dishes(), ['Soup 5.00', 'Steak 7.00']);
  await publish.click();
  await sheet.waitFor({ state: 'detached' });
  assert.deepEqual(await until(dishes), ['Soup 6.50', 'Steak 5.00', 'Pie 4.00']);
});
