// Moments of an evening, each of them a page as it is worth to be looked at: by people, as a
// screenshot, and by axe. Another page is another scene.
import { aFloor, FLOOR_SCENES } from './floor-scenes.mjs';
import { SERVICE } from './house.mjs';

/** Minutes by which an order of each table looks older than it is. */
const AGES = { 1: 19, 2: 11, 3: 6, 4: 2 };

/** On which devices each scene is another one: a wide screen shows all of a table at once. */
export const devicesOf = (name) => (ON_PHONES.includes(name) ? ['phone'] : ['phone', 'desktop']);
const ON_PHONES = ['guest-basket', 'guest-orders', 'guest-bill', 'waiter-table', 'waiter-seats'];

/** What brings a page to each scene, out of what `anEvening` gave. */
export const SCENES = {
  ...FLOOR_SCENES,
  'guest-menu': async (page, { scan }) => {
    await page.goto(scan);
    await page.getByRole('button', { name: 'Add Mussels' }).click();
    await page.getByRole('button', { name: 'Add House red' }).click();
    await page.getByRole('button', { name: 'Add House red' }).click();
    await live(page);
  },
  'guest-basket': async (page, { scan }) => {
    await SCENES['guest-menu'](page, { scan });
    await page.getByRole('button', { name: /^Basket/ }).click();
    await page.getByLabel('Notes for the kitchen').first().fill('Without garlic');
  },
  'guest-orders': async (page, { scan }) => {
    await page.goto(scan);
    await live(page);
    await show(page, 'Orders');
  },
  'guest-bill': async (page, { scan }) => {
    await page.goto(scan);
    await live(page);
    await show(page, 'Bill');
  },
  kitchen: async (page, { kitchen }) => {
    await page.addInitScript(older, AGES);
    await page.goto(kitchen);
    await page.waitForFunction(() => document.querySelectorAll('.ticket:has(.item .what)').length === 5);
    await live(page);
  },
};

/** A restaurant with a few tables in the middle of their dinner. */
export async function anEvening(staff) {
  const { http } = staff;
  const { restaurant_id: id } = await restaurant(http);
  const tables = [];
  for (const number of ['1', '2', '3', '4', '5']) {
    tables.push((await http.post(`/restaurants/${id}/tables`, { number, zone: 'A', seats: 4 })).table_id);
  }
  const [first, second, third, fourth, guests] = tables;
  await order(http, first, [[1, 2, ''], [3, 1, 'Extra bread']], 'confirmed');
  await order(http, second, [[4, 2, ''], [6, 1, '']], 'confirmed');
  await order(http, third, [[5, 1, 'No onions'], [7, 2, '']]);
  await order(http, fourth, [[2, 1, '']], 'confirmed', 'ready');
  const { session_id: session } = await order(http, guests, [[4, 2, ''], [6, 1, '']], 'confirmed', 'ready', 'delivered');
  const { order_id } = await http.post(`/sessions/${session}/orders`, { items: lines([[3, 1, 'Without mayonnaise']]) });
  await http.patch(`/orders/${order_id}`, { status: 'confirmed' });
  await http.patch(`/restaurants/${id}/menu/items/5`, { available: false });
  const { url } = await http.get(`/tables/${guests}/code`);
  const floor = await aFloor(staff);
  return { floor, restaurant: id, session, scan: url, kitchen: `${SERVICE}/kitchen/?restaurant=${id}#token=${staff.token}` };
}

async function restaurant(http) {
  const described = { name: 'Trattoria Aurora', currency: 'EUR', timezone: 'Europe/Rome' };
  const made = await http.post('/restaurants', described);
  const { categories } = (await http.get('/restaurants/2/menu')).data;
  const fresh = categories.map(({ name, items }) => ({ name, items: items.map(({ id, option_group_ids, ...item }) => item) }));
  await http.put(`/restaurants/${made.restaurant_id}/menu`, { categories: fresh });
  return made;
}

async function order(http, table, wishes, ...statuses) {
  const { session_id } = await http.post(`/tables/${table}/sessions`, { guests_count: 2 });
  const { order_id } = await http.post(`/sessions/${session_id}/orders`, { items: lines(wishes) });
  for (const status of statuses) await http.patch(`/orders/${order_id}`, { status });
  return { session_id, order_id };
}

const lines = (wishes) =>
  wishes.map(([menu_item_id, quantity, notes]) => ({ menu_item_id, quantity, notes }));

/** In the page: orders were made at once for this; let them look as if made by and by. */
function older(ages) {
  const parse = JSON.parse;
  JSON.parse = (text, revive) => {
    const told = parse(text, revive);
    const rows = [told?.data, ...(told?.data?.open_orders ?? [])];
    for (const row of rows) {
      if (!row?.table_number || !row.created_at) continue;
      const age = (ages[row.table_number] ?? 0) * 60_000;
      row.created_at = new Date(new Date(row.created_at) - age).toISOString();
    }
    return told;
  };
}

/** Go to a part of the guests' page; on a wide screen it is there already. */
async function show(page, name) {
  const tab = page.getByRole('navigation', { name: 'Parts of this page' }).getByRole('button', { name });
  if (await tab.isVisible()) await tab.click();
}

export const live = (page) => page.locator('.connection[data-state=live]').waitFor();

/** Turn the kitchen's sound on by a touch; Chromium lets some pages sound without one. */
export async function turnSoundOn(page) {
  const on = page.getByRole('button', { name: 'Sound is on' });
  if (await on.isVisible()) await on.click();
  await page.getByRole('button', { name: /^Sound is off/ }).press('Enter'); // a second tap this soon is ignored
  await on.waitFor();
}
