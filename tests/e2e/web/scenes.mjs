// Scenes: pages of a restaurant during service, for screenshots and the checks of layout and accessibility.
import { untilPageLive } from './devices.mjs';
import { createFloor, FLOOR_SCENES } from './floor-scenes.mjs';
import { SERVICE } from './harness.mjs';

/** Minutes by table number that are subtracted from the times of an order. */
const AGES = { 1: 19, 2: 11, 3: 6, 4: 2 };

/** Devices of a scene: the desktop layout shows some phone scenes as parts of one page. */
export const devicesOf = (name) => (ON_PHONES.includes(name) ? ['phone'] : ['phone', 'desktop']);
const ON_PHONES = ['guest-basket', 'guest-orders', 'guest-bill', 'waiter-table', 'waiter-seats'];

/** Functions that open a scene in a page, given the result of `createRestaurant`. */
export const SCENES = {
  ...FLOOR_SCENES,
  'guest-menu': async (page, { scan }) => {
    await page.goto(scan);
    await page.getByRole('button', { name: 'Add Mussels' }).click();
    await page.getByRole('button', { name: 'Add House red' }).click();
    await page.getByRole('button', { name: 'Add House red' }).click();
    await untilPageLive(page);
  },
  'guest-basket': async (page, { scan }) => {
    await SCENES['guest-menu'](page, { scan });
    await page.getByRole('button', { name: /^Basket/ }).click();
    await page.getByLabel('Notes for the kitchen').first().fill('Without garlic');
  },
  'guest-orders': async (page, { scan }) => {
    await page.goto(scan);
    await untilPageLive(page);
    await openTab(page, 'Orders');
  },
  'guest-bill': async (page, { scan }) => {
    await page.goto(scan);
    await untilPageLive(page);
    await openTab(page, 'Bill');
  },
  kitchen: async (page, { kitchen }) => {
    await page.addInitScript(shiftTimes, AGES);
    await page.goto(kitchen);
    await page.waitForFunction(() => document.querySelectorAll('.ticket:has(.item .details)').length === 5);
    await untilPageLive(page);
  },
};

/** Create a restaurant with five tables whose orders are in different states. */
export async function createRestaurant(staff) {
  const { http } = staff;
  const { restaurant_id: id } = await createRestaurantWithMenu(http);
  const tables = [];
  for (const number of ['1', '2', '3', '4', '5']) {
    tables.push((await http.post(`/restaurants/${id}/tables`, { number, zone: 'A', seats: 4 })).table_id);
  }
  const [first, second, third, fourth, guests] = tables;
  await placeOrder(http, first, [[1, 2, ''], [3, 1, 'Extra bread']], 'confirmed');
  await placeOrder(http, second, [[4, 2, ''], [6, 1, '']], 'confirmed');
  await placeOrder(http, third, [[5, 1, 'No onions'], [7, 2, '']]);
  await placeOrder(http, fourth, [[2, 1, '']], 'confirmed', 'ready');
  const { session_id: session } = await placeOrder(http, guests, [[4, 2, ''], [6, 1, '']], 'confirmed', 'ready', 'delivered');
  const { order_id } = await http.post(`/sessions/${session}/orders`, { items: lines([[3, 1, 'Without mayonnaise']]) });
  await http.patch(`/orders/${order_id}`, { status: 'confirmed' });
  await http.patch(`/restaurants/${id}/menu/items/5`, { available: false });
  const { url } = await http.get(`/tables/${guests}/code`);
  const floor = await createFloor(staff);
  return { floor, restaurant: id, session, scan: url, kitchen: `${SERVICE}/kitchen/?restaurant=${id}#token=${staff.token}` };
}

async function createRestaurantWithMenu(http) {
  const body = { name: 'Trattoria Aurora', currency: 'EUR', timezone: 'Europe/Rome' };
  const created = await http.post('/restaurants', body);
  const { categories } = (await http.get('/restaurants/2/menu')).data;
  const withoutIds = categories.map(({ name, items }) => ({ name, items: items.map(({ id, option_group_ids, ...item }) => item) }));
  await http.put(`/restaurants/${created.restaurant_id}/menu`, { categories: withoutIds });
  return created;
}

async function placeOrder(http, table, dishes, ...statuses) {
  const { session_id } = await http.post(`/tables/${table}/sessions`, { guests_count: 2 });
  const { order_id } = await http.post(`/sessions/${session_id}/orders`, { items: lines(dishes) });
  for (const status of statuses) await http.patch(`/orders/${order_id}`, { status });
  return { session_id, order_id };
}

const lines = (dishes) =>
  dishes.map(([menu_item_id, quantity, notes]) => ({ menu_item_id, quantity, notes }));

/** In the page: make orders look older, because all of them were placed at once. */
function shiftTimes(ages) {
  const parse = JSON.parse;
  JSON.parse = (text, revive) => {
    const message = parse(text, revive);
    const rows = [message?.data, ...(message?.data?.open_orders ?? [])];
    for (const row of rows) {
      if (!row?.table_number || !row.created_at) continue;
      const age = (ages[row.table_number] ?? 0) * 60_000;
      row.created_at = new Date(new Date(row.created_at) - age).toISOString();
    }
    return message;
  };
}

/** Open a tab of the guests' page; the desktop layout has no tabs. */
async function openTab(page, name) {
  const tab = page.getByRole('navigation', { name: 'Parts of this page' }).getByRole('button', { name });
  if (await tab.isVisible()) await tab.click();
}


/** Turn the kitchen's sound on by a user's action; Chromium lets some pages play sound without one. */
export async function turnSoundOn(page) {
  const on = page.getByRole('button', { name: 'Sound is on' });
  if (await on.isVisible()) await on.click();
  await page.getByRole('button', { name: /^Sound is off/ }).press('Enter'); // a second tap this soon is ignored
  await on.waitFor();
}
