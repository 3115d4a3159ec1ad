// A guest reads the page in Arabic on a phone: it is mirrored, and an order is placed as in any other language.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices, untilPageLive } from './devices.mjs';
import { FAST_SETTINGS, until } from './harness.mjs';
import { layoutFaults } from './layout.mjs';

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
    translations: { ar: { name: 'مشويات', description: '' } },
    items: [
      {
        name: 'Steak (250 g)', price: '24.00', allergens: ['celery', 'milk'], option_group_ids: ['extras'],
        translations: { ar: { name: 'شريحة لحم', description: 'مع الأعشاب' } },
      },
      { name: 'Bread!', price: '2.00', allergens: [], diets: ['vegan'] },
    ],
  }],
  option_groups: [
    { name: 'Extras', external_id: 'extras', max: 3, options: [{ name: 'Butter', price: '1.50', max_each: 3, allergens: ['milk'] }] },
  ],
};

/** A table of a restaurant with that menu: its session, and the address that its code has. */
async function table() {
  const { restaurant_id: id } = await http.post('/restaurants', { name: 'Aurora', currency: 'EUR', timezone: 'Europe/Rome' });
  await http.put(`/restaurants/${id}/menu`, MENU);
  const { table_id } = await http.post(`/restaurants/${id}/tables`, { number: '4', zone: 'A', seats: 4 });
  const { session_id } = await http.post(`/tables/${table_id}/sessions`, { guests_count: 1 });
  const { url } = await http.get(`/tables/${table_id}/code`);
  return { session: session_id, scan: url };
}

test('a guest orders in Arabic on a phone, on a mirrored page that fits', async () => {
  const { session, scan } = await table();
  const page = await devices.page('phone', 'light', { locale: 'ar-EG' });
  const button = (name, within = page) => within.getByRole('button', { name });
  const dialog = page.getByRole('dialog');
  const left = async (locator) => (await locator.boundingBox()).x;
  await page.goto(scan);
  await untilPageLive(page);
  assert.deepEqual(await page.locator('html').evaluate(({ lang, dir }) => [lang, dir]), ['ar', 'rtl']);
  assert.deepEqual(await layoutFaults(page), []);
  const dish = page.locator('.dish').first();
  assert.ok(await left(dish.locator('.tile')) > await left(dish.locator('.stepper')));
  assert.match(await dish.locator('.price').innerText(), /٢٤٫٠٠/);

  await button('شريحة لحم').first().press('Enter');
  await dialog.locator('.contents', { hasText: 'يحتوي على' }).waitFor();
  assert.deepEqual(await layoutFaults(page), []);
  await button(/^إضافة .*Butter/, dialog).press('Enter');
  await button(/^إضافة إلى السلة.*٢٥٫٥٠/, dialog).press('Enter');
  await dialog.waitFor({ state: 'detached' });

  await button(/^السلة · صنف واحد/).press('Enter');
  assert.deepEqual(await layoutFaults(page), []);
  await button('إرسال الطلب', dialog).press('Enter');
  const [{ order_id }] = await until(async () => {
    const { orders } = (await http.get(`/sessions/${session}`)).data;
    return orders.length > 0 && orders;
  });
  assert.equal((await http.get(`/orders/${order_id}/items`)).data.total_amount, '25.50');
  const option = page.locator(`[data-order="${order_id}"] .option`);
  const amount = page.locator(`[data-order="${order_id}"] .bill-line > .amount`);
  assert.ok(await left(option) - await left(amount) > 150, 'a Latin option stands at the side of the dish');
  const steps = page.locator(`[data-order="${order_id}"] .steps li`);
  await steps.first().waitFor();
  assert.ok(await left(steps.first()) > await left(steps.last()));
  assert.deepEqual(await layoutFaults(page), []);
});

test('Latin names, prices and codes on an Arabic page are read from left to right', async () => {
  const { scan } = await table();
  const page = await devices.page('phone', 'light', { locale: 'ar-AE' });
  await page.goto(scan);
  await untilPageLive(page);
  /** How far each of these characters of an element is from the left. */
  const places = (locator, ...characters) => locator.evaluate((element, wanted) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const found = new Map();
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      [...node.data].forEach((character, at) => {
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        found.set(character, range.getBoundingClientRect().left);
      });
    }
    return wanted.map((character) => found.get(character));
  }, characters);
  const ascends = (numbers) => numbers.every((number, index) => index === 0 || number > numbers[index - 1]);
  const name = await places(page.locator('.dish .open', { hasText: 'Bread' }), 'B', 'd', '!');
  assert.ok(ascends(name));
  assert.ok(ascends(await places(page.locator('.dish .price').first(), '2', '4', '.')));
  const { x: tile } = await page.locator('.dish .tile').last().boundingBox();
  assert.ok(tile - name.at(-1) < 40, 'a Latin name stands beside the tile, too');
  await page.getByRole('button', { name: 'مشاركة' }).press('Enter');
  assert.equal(await page.locator('.code').evaluate((element) => getComputedStyle(element).direction), 'ltr');
});
