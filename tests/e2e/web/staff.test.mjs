// The pages of waiters and managers, and the sign-in of staff, in Chromium, against a real service.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { RestaurantQR } from '../../../web/client/index.js';
import { Devices, untilPageLive } from './devices.mjs';
import { FAST_SETTINGS, SERVICE, until } from './harness.mjs';

const staff = new RestaurantQR(FAST_SETTINGS);
const { http } = staff;
const devices = new Devices();
const tokenFragment = `#token=${staff.token}`;

before(() => devices.start());
after(async () => {
  staff.disconnect();
  await devices.close();
  assert.deepEqual(devices.errors, []);
});

const button = (page, name) => page.getByRole('button', { name });

async function openPage(device, address) {
  const page = await devices.page(device);
  await page.goto(address);
  await untilPageLive(page);
  return page;
}

/** Create a restaurant with a waiter, a table and a session; `order` places an order there. */
async function createRestaurant() {
  const { restaurant_id: id } = await http.post('/restaurants', { name: 'Aurora', currency: 'EUR', timezone: 'Europe/Rome' });
  const items = ['Soup', 'Salad'].map((name) => ({ name, price: '5.00' }));
  await http.put(`/restaurants/${id}/menu`, { categories: [{ name: 'Food', items }] });
  const { data: { categories: [{ items: [soup, salad] }] } } = await http.get(`/restaurants/${id}/menu`);
  const { waiter_id } = await http.post(`/restaurants/${id}/waiters`, { name: 'Ada' });
  const table = { number: '4', zone: 'A', seats: 4, waiter_id };
  const { table_id } = await http.post(`/restaurants/${id}/tables`, table);
  const { session_id } = await http.post(`/tables/${table_id}/sessions`, {});
  const order = async (lines, ...statuses) => {
    const { order_id } = await http.post(`/sessions/${session_id}/orders`, { items: lines });
    for (const status of statuses) await http.patch(`/orders/${order_id}`, { status });
    return order_id;
  };
  return {
    id, waiter_id, table_id, session_id, order, soup: { menu_item_id: soup.id }, salad: { menu_item_id: salad.id },
    waiter: `${SERVICE}/waiter/?waiter=${waiter_id}${tokenFragment}`, manager: `${SERVICE}/manager/?restaurant=${id}${tokenFragment}`,
  };
}

test('a waiter sees the dishes, notes and cancellations of a table', async () => {
  const { waiter, order, soup, salad } = await createRestaurant();
  const order_id = await order([{ ...soup, quantity: 2, notes: 'No onions' }, salad], 'confirmed');
  const page = await openPage('phone', waiter);
  await page.locator('.table').click();
  const sheet = page.getByRole('dialog');
  const line = (name) => sheet.locator('.dishes li', { hasText: name });
  await line('Soup').getByText('No onions').waitFor();
  await sheet.getByText(/^No\. 1 · /).waitFor();
  assert.match(await line('Soup').innerText(), /^2 ×/);
  await http.patch(`/orders/${order_id}/items/2`, { status: 'voided', reason: 'sold out' });
  await line('Salad').getByText('Cancelled').waitFor();
  await http.patch(`/orders/${order_id}`, { status: 'ready' });
  await page.keyboard.press('Escape');
  const carry = page.locator('.todo-row', { hasText: 'Ready to serve' }).first();
  await carry.getByText('2 × Soup').waitFor();
  await carry.getByText('No. 1 · Ready to serve').waitFor();
  assert.equal(await carry.getByText('Salad').count(), 0);
});

test('a waiter cancels one of several units with a reason, then the rest', async () => {
  const { waiter, order, soup } = await createRestaurant();
  const order_id = await order([{ ...soup, quantity: 3 }], 'confirmed');
  const page = await openPage('phone', waiter);
  await page.locator('.table').click();
  const line = page.getByRole('dialog').locator('.dishes li', { hasText: 'Soup' });
  const item = async () => (await http.get(`/orders/${order_id}/items`)).data.items[0];
  await button(line, 'Cancel Soup').click();
  assert.equal(await button(line, 'Cancel 1 × Soup').isDisabled(), true);
  await line.getByLabel('Reason').fill('Spilled');
  await button(line, 'Cancel 1 × Soup').click();
  await line.getByText('1 cancelled').waitFor();
  const { quantity, voids: [{ units, reason }] } = await item();
  assert.deepEqual([quantity, units, reason], [2, 1, 'Spilled']);
  await button(line, 'Cancel Soup').click();
  await button(line, 'One more').click();
  await line.getByLabel('Reason').fill('Sold out');
  await button(line, 'Cancel 2 × Soup').click();
  await until(async () => (await item()).status === 'voided');
  await button(line, 'Cancel Soup').waitFor({ state: 'detached' });
});

test('a manager sees dishes and staff by name', async () => {
  const { manager, waiter_id, id, order, soup, salad } = await createRestaurant();
  const order_id = await order([{ ...soup, quantity: 3, notes: 'No onions' }, salad]);
  const { device_id } = await http.post(`/restaurants/${id}/devices`, { role: 'waiter', waiter_id, label: 'Phone' });
  const { device_code } = await http.get(`/restaurants/${id}/devices/${device_id}/code`);
  const { token } = await http.post('/devices/sign-in', { device_code });
  const ada = new RestaurantQR({ ...FAST_SETTINGS, token });
  await ada.http.patch(`/orders/${order_id}`, { status: 'confirmed' });
  const page = await openPage('desktop', manager);
  await page.locator('.open-orders').getByText('4 items').click();
  const record = page.getByRole('dialog');
  await record.locator('.dishes li', { hasText: 'Soup' }).getByText('No onions').waitFor();
  await record.getByText('Ordered 3 × Soup, 1 × Salad').waitFor();
  await record.getByText('by the chain’s office').first().waitFor();
  await record.locator('li', { hasText: 'Confirmed' }).getByText('by Ada').waitFor();
});

test('a waiter is not notified of payments taken on the same phone', async () => {
  const { waiter, waiter_id, order, soup, salad } = await createRestaurant();
  await order([soup], 'confirmed', 'ready', 'delivered');
  const second = await order([salad], 'confirmed', 'ready', 'delivered');
  const page = await openPage('phone', waiter);
  await page.locator('.table').click();
  await button(page.getByRole('dialog'), 'Take €10.00').click();
  const tasks = async () => (await http.get(`/waiters/${waiter_id}`)).data.tasks.filter(({ kind }) => kind === 'payment');
  const paid = await until(async () => {
    const notes = await tasks();
    return notes.length === 2 && notes.every(({ acknowledged_at }) => acknowledged_at) && notes;
  });
  assert.deepEqual(paid.map(({ amount }) => amount), ['5.00', '5.00']);
  assert.equal(await page.locator('.todo').getByText('Paid €5.00').count(), 0);
  const third = await order([soup]);
  await http.post(`/orders/${third}/payments`, { amount: '5.00', method: 'cash' }); // by another device
  await page.locator('.todo').getByText('Paid €5.00, Cash').waitFor();
  assert.notEqual(third, second);
});

test('a waiter’s notices disappear once the order is delivered, and the call for the bill once it is paid', async () => {
  const { waiter, waiter_id, session_id, order, soup } = await createRestaurant();
  const order_id = await order([soup]);
  const page = await openPage('phone', waiter);
  const todo = page.locator('.todo');
  await todo.getByText('New order').waitFor();
  for (const status of ['confirmed', 'ready', 'delivered']) await http.patch(`/orders/${order_id}`, { status });
  await todo.getByText('New order').waitFor({ state: 'detached' });
  await staff.session(session_id).request('call_waiter', { reason: 'bill' });
  await todo.getByText('Asks for the bill').waitFor();
  await http.post(`/orders/${order_id}/payments`, { amount: '5.00', method: 'cash' });
  await todo.getByText('Asks for the bill').waitFor({ state: 'detached' });
  const tasks = async () => (await http.get(`/waiters/${waiter_id}`)).data.tasks;
  await until(async () => (await tasks()).every(({ kind, acknowledged_at }) => kind === 'payment' || acknowledged_at));
});

test('a waiter sees the state and the open amount of colleagues’ tables', async () => {
  const { id, order, soup } = await createRestaurant();
  await order([soup], 'confirmed', 'ready');
  const { waiter_id } = await http.post(`/restaurants/${id}/waiters`, { name: 'Ben' });
  const page = await openPage('phone', `${SERVICE}/waiter/?waiter=${waiter_id}${tokenFragment}`);
  await button(page, 'All').click();
  await page.locator('.table[data-state=ready]', { hasText: '€5.00' }).waitFor();
});

test('a table closed by force shows the reason and the audit of its last visit', async () => {
  const { manager, order, soup } = await createRestaurant();
  const order_id = await order([soup], 'confirmed', 'ready');
  await http.post(`/orders/${order_id}/payments`, { amount: '2.00', method: 'cash' });
  const page = await openPage('desktop', manager);
  const record = page.getByRole('dialog');
  await page.locator('.floor-table').click();
  await record.getByLabel('Reason').fill('They have left');
  await button(record, 'Free the table').click();
  await record.getByText('Close: by force, “They have left”').waitFor();
  await page.reload();
  await page.locator('.floor-table').click();
  await record.getByText('Close: by force, “They have left”').waitFor();
  await button(record, 'Order 1').click();
  await record.getByText('Payment: €2.00, cash').waitFor();
});

test('an announcement stays on a waiter’s phone until it is dismissed, also after a reload', async () => {
  const { waiter, id } = await createRestaurant();
  const page = await openPage('phone', waiter);
  await page.locator('.table').waitFor();
  await page.evaluate(() => {
    window.storedWhenShown = new Promise((resolve) => {
      new MutationObserver(() => { // runs before the paint
        if (document.querySelector('.announcements p')) resolve(localStorage.getItem('restaurant-qr-waiter-broadcasts'));
      }).observe(document.body, { childList: true, subtree: true });
    });
  });
  await http.post(`/restaurants/${id}/broadcasts`, { message: 'The kitchen closes at ten' });
  assert.match(await page.evaluate(() => window.storedWhenShown), /The kitchen closes at ten/);
  const announcement = page.locator('.announcements').getByText('The kitchen closes at ten');
  await announcement.waitFor();
  await page.reload();
  await announcement.waitFor();
  await button(page, 'Dismiss').click();
  await page.reload();
  await page.locator('.table').waitFor();
  assert.equal(await announcement.count(), 0);
});

test('a pasted sign-in link signs a phone in, and anything else is refused', async () => {
  const { id, waiter_id } = await createRestaurant();
  const { device_id } = await http.post(`/restaurants/${id}/devices`, { role: 'waiter', waiter_id, label: 'Phone' });
  const { url } = await http.get(`/restaurants/${id}/devices/${device_id}/code`);
  const page = await devices.page('phone');
  await page.goto(`${SERVICE}/waiter/`);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  const link = page.getByLabel('Or paste a sign-in link');
  await link.fill('https://example.org/');
  await button(page, 'Sign in').click();
  await page.getByText('This is not a sign-in link.').waitFor();
  await link.fill(url);
  await button(page, 'Sign in').press('Enter'); // a second tap this soon is ignored
  await page.getByRole('heading', { name: 'Ada' }).waitFor();
  assert.equal(new URL(page.url()).hash, '');
});

for (const [part, isWhole] of [['a whole link', true], ['only its fragment', false]]) {
  test(`a kitchen’s sign-in link pasted on a page without a restaurant shows its board: ${part}`, async () => {
    const { id } = await createRestaurant();
    const { device_id } = await http.post(`/restaurants/${id}/devices`, { role: 'kitchen', label: 'Pass' });
    const { url } = await http.get(`/restaurants/${id}/devices/${device_id}/code`);
    const page = await devices.page('desktop');
    await page.goto(`${SERVICE}/kitchen/`);
    await page.getByLabel('Or paste a sign-in link').fill(isWhole ? url : new URL(url).hash);
    await button(page, 'Sign in').click();
    await page.getByText('Aurora').first().waitFor();
    await untilPageLive(page);
  });
}

for (const path of ['manager/', 'manager/codes.html']) {
  test(`a manager’s sign-in link pasted on ${path} shows the page, and one without a restaurant an error`, async () => {
    const { id } = await createRestaurant();
    const page = await devices.page('desktop');
    await page.goto(`${SERVICE}/${path}`);
    const link = page.getByLabel('Or paste a sign-in link');
    await link.fill(tokenFragment);
    await button(page, 'Sign in').click();
    await page.getByText('This sign-in has ended, or it is for another page.').waitFor();
    await link.fill(`${SERVICE}/manager/?restaurant=${id}${tokenFragment}`);
    await button(page, 'Sign in').press('Enter'); // a second tap this soon is ignored
    await page.getByText('Aurora').first().waitFor();
    assert.equal(new URL(page.url()).hash, '');
  });
}

for (const clipboard of ['a clipboard', 'no clipboard']) {
  test(`a manager copies a device’s sign-in link in a browser with ${clipboard}`, async () => {
    const { id, manager } = await createRestaurant();
    const { device_id } = await http.post(`/restaurants/${id}/devices`, { role: 'kitchen', label: 'Pass' });
    const page = await devices.page('desktop');
    await page.addInitScript((has) => {
      const value = has ? { writeText: async (text) => { window.copied = text; } } : undefined;
      Object.defineProperty(navigator, 'clipboard', { value });
    }, clipboard === 'a clipboard');
    await page.goto(manager);
    await button(page, 'Devices').click();
    await button(page, 'Copy link: Pass').click();
    if (clipboard === 'a clipboard') await page.getByText('The link is copied.').waitFor();
    else await page.getByLabel('Sign-in link').waitFor();
    const link = await page.evaluate(() => window.copied ?? getSelection().toString());
    assert.equal(link, (await http.get(`/restaurants/${id}/devices/${device_id}/code`)).url);
  });
}

test('a device that was signed out shows no data of the restaurant', async () => {
  const { id, waiter_id } = await createRestaurant();
  const pages = { waiter: { role: 'waiter', waiter_id }, kitchen: { role: 'kitchen' } };
  for (const [label, device] of Object.entries(pages)) {
    const { device_id } = await http.post(`/restaurants/${id}/devices`, { ...device, label });
    const { url } = await http.get(`/restaurants/${id}/devices/${device_id}/code`);
    const page = await openPage('phone', url);
    await page.getByText('Aurora').first().waitFor();
    await http.delete(`/restaurants/${id}/devices/${device_id}`);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.equal(await page.getByText('Aurora').count(), 0, label);
    assert.equal(await page.locator('.table, .ticket').count(), 0, label);
  }
});

test('pages without a sign-in say that they are read-only, and disable buttons that need one', async () => {
  const { id, waiter_id, order, soup } = await createRestaurant();
  await order([soup], 'confirmed', 'ready');
  const phone = await openPage('phone', `${SERVICE}/waiter/?waiter=${waiter_id}`);
  await phone.getByText('You are not signed in').waitFor();
  assert.equal(await button(phone, 'Delivered').isDisabled(), true);
  await phone.locator('.table').click();
  assert.equal(await button(phone.getByRole('dialog'), 'Take €5.00').isDisabled(), true);
  const desk = await openPage('desktop', `${SERVICE}/manager/?restaurant=${id}`);
  await desk.getByText('you are not signed in').waitFor();
  await desk.getByLabel('Message').fill('Hello');
  const disabled = [desk.getByRole('switch').first(), button(desk, 'Send'), button(desk, 'Devices')];
  for (const each of disabled) assert.equal(await each.isDisabled(), true);
  await desk.goto(`${SERVICE}/manager/codes.html?restaurant=${id}`);
  await desk.getByRole('heading', { name: 'Sign in' }).waitFor();
});
