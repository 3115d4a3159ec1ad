// Scenes of waiters and managers: a restaurant with eight tables during service.
import { untilPageLive } from './devices.mjs';
import { SERVICE } from './harness.mjs';

/** Minutes by table number that are subtracted from the times of a table. */
const AGES = { 1: 48, 2: 12, 3: 27, 4: 71, 5: 4, 7: 9 };

const ZONES = { 1: 'A', 2: 'A', 3: 'A', 4: 'A', 5: 'B', 6: 'B', 7: 'Terrace', 8: 'Terrace' };


export const FLOOR_SCENES = {
  waiter: async (page, { floor }) => {
    await page.addInitScript(shiftTimes, AGES);
    await page.goto(floor.waiter);
    await page.locator('.todo-row[data-kind=serve]', { hasText: 'Mussels' }).waitFor();
    await page.locator('.todo-row[data-kind=call]').waitFor();
    await untilPageLive(page);
  },
  'waiter-table': async (page, restaurant) => {
    await FLOOR_SCENES.waiter(page, restaurant);
    await page.getByRole('button', { name: 'Table 4' }).click();
    await page.getByRole('dialog').getByText('Take payment').waitFor();
  },
  'waiter-seats': async (page, restaurant) => {
    await FLOOR_SCENES.waiter(page, restaurant);
    await page.getByRole('button', { name: 'Table 6' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Seat 2 guests' }).waitFor();
  },
  manager: async (page, { floor }) => {
    await page.addInitScript(shiftTimes, AGES);
    await page.goto(floor.manager);
    await page.getByRole('switch').first().waitFor();
    await page.locator('.attention [data-kind=call]').waitFor();
    await untilPageLive(page);
  },
  'manager-table': async (page, restaurant) => {
    await FLOOR_SCENES.manager(page, restaurant);
    await page.locator('.floor-table', { has: page.locator('.number', { hasText: /^4$/ }) }).click();
    const record = page.getByRole('dialog');
    await record.getByRole('button', { name: /^Order / }).click();
    await record.getByText('Paid €20.00, cash').waitFor();
    await record.getByText(/^Payment: /).waitFor();
  },
  'manager-devices': async (page, restaurant) => {
    await FLOOR_SCENES.manager(page, restaurant);
    await page.getByRole('button', { name: 'Devices' }).click();
    await page.getByRole('dialog').getByRole('img').waitFor();
  },
  'manager-setup': async (page, restaurant) => {
    await FLOOR_SCENES.manager(page, restaurant);
    await page.getByRole('button', { name: 'Setup' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Edit: Table 4' }).click();
    await page.getByRole('dialog').getByLabel('Seats').waitFor();
  },
  'manager-codes': async (page, { floor }) => {
    await page.goto(floor.codes);
    await page.locator('.cards figure').first().waitFor();
  },
  start: async (page, { floor }) => {
    await page.goto(floor.start);
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await page.locator('.frame-row').first().waitFor();
    await page.getByRole('button', { name: 'Show them side by side' }).click();
    for (const name of ['guest', 'kitchen']) {
      await page.locator(`.preview[data-page=${name}] iframe`).scrollIntoViewIfNeeded();
      await untilPageLive(page.frameLocator(`.preview[data-page=${name}] iframe`));
    }
    await page.locator('#pages').evaluate((heading) => heading.scrollIntoView());
  },
};

/** Create the restaurant; returns the URLs of its pages. */
export async function createFloor({ http, token }) {
  const described = { name: 'Brasserie du Canal', currency: 'EUR', timezone: 'Europe/Paris' };
  const { restaurant_id: id } = await http.post('/restaurants', described);
  const { categories } = (await http.get('/restaurants/2/menu')).data;
  const menu = categories.map(({ name, items }) => ({
    name, items: items.map(({ id, option_group_ids, ...item }) => item),
  }));
  await http.put(`/restaurants/${id}/menu`, { categories: menu });
  const { waiter_id: waiter } = await http.post(`/restaurants/${id}/waiters`, { name: 'Camille' });
  const { waiter_id: other } = await http.post(`/restaurants/${id}/waiters`, { name: 'Hugo' });
  const tables = {};
  for (const [number, zone] of Object.entries(ZONES)) {
    const whose = zone === 'Terrace' ? other : waiter;
    const table = { number, zone, seats: number % 3 === 0 ? 2 : 4, waiter_id: whose };
    tables[number] = (await http.post(`/restaurants/${id}/tables`, table)).table_id;
  }
  const seatGuests = async (number, guests_count, lines, ...statuses) => {
    const { session_id } = await http.post(`/tables/${tables[number]}/sessions`, { guests_count });
    if (!lines) return { session_id };
    const items = lines.map(([menu_item_id, quantity]) => ({ menu_item_id, quantity }));
    const { order_id } = await http.post(`/sessions/${session_id}/orders`, { items });
    for (const status of statuses) await http.patch(`/orders/${order_id}`, { status });
    return { session_id, order_id };
  };
  const { session_id: calling } = await seatGuests(1, 4, [[3, 1], [6, 1]], 'confirmed', 'ready', 'delivered');
  await seatGuests(2, 2, [[4, 2], [7, 2]], 'confirmed', 'ready');
  await seatGuests(3, 2, [[1, 2]], 'confirmed');
  const { order_id: paid } = await seatGuests(4, 3, [[5, 2], [6, 1]], 'confirmed', 'ready', 'delivered');
  await seatGuests(5, 4);
  await seatGuests(7, 3, [[2, 1], [4, 1]]);
  await http.post(`/orders/${paid}/payments`, { amount: '20.00', method: 'cash' });
  await http.post(`/sessions/${calling}/calls`, { reason: 'bill' });
  await http.post(`/waiters/${waiter}/tasks`, { message: 'Candles on the terrace, please' });
  await http.patch(`/tables/${tables[8]}`, { is_active: false });
  await http.post(`/restaurants/${id}/devices`, { role: 'waiter', waiter_id: waiter, label: 'Camille’s phone' });
  await http.patch(`/restaurants/${id}/menu/items/5`, { available: false });
  return {
    waiter: `${SERVICE}/waiter/?waiter=${waiter}#token=${token}`,
    manager: `${SERVICE}/manager/?restaurant=${id}#token=${token}`,
    codes: `${SERVICE}/manager/codes.html?restaurant=${id}#token=${token}`,
    start: `${SERVICE}/#token=${token}`,
  };
}

/** In the page: make times look older, because all entities were created at once. */
function shiftTimes(ages) {
  const parse = JSON.parse;
  const shift = (value, minutes) => {
    if (typeof value !== 'object' || value === null) return;
    const own = value.table_number === undefined ? minutes : (ages[value.table_number] ?? 0);
    for (const name of ['created_at', 'started_at', 'opened_at']) {
      if (value[name]) value[name] = new Date(new Date(value[name]) - own * 60_000).toISOString();
    }
    for (const each of Object.values(value)) shift(each, own);
  };
  JSON.parse = (text, revive) => {
    const value = parse(text, revive);
    shift(value, 0);
    return value;
  };
}
