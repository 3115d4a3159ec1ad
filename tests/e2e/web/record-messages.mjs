// Writes messages of a real service as TypeScript constants, for the compiler to check against the types:
// `node record-messages.mjs FILE CLIENT`. CLIENT is the path of the client's index.js.
import { writeFileSync } from 'node:fs';

import { RestaurantQR } from '../../../web/client/index.js';
import { createSession, FAST_SETTINGS, until } from './harness.mjs';

const staff = new RestaurantQR(FAST_SETTINGS);
const messages = new Map();

/** Record the last data of each message type of a channel. */
function record(channel) {
  channel.onmessage = ({ data: text }) => {
    const { type, data } = JSON.parse(text);
    messages.set(`${channel.name}.${type}`, data);
  };
  return channel;
}

const { table, session } = await createSession(staff);
const channels = [
  staff.table(table), staff.session(session), staff.waiter(10), staff.restaurant(2),
  staff.notifications(2), staff.menu(2), staff.devices(2),
].map(record);
await until(() => channels.every(({ data }) => data));
const items = [{ menu_item_id: 1 }, { name: 'A candle', unit_price: '1.50' }];
const guests = staff.session(session);
const { order_id } = await guests.request('place_order', { items });
const order = record(staff.order(order_id));
await until(() => order.data);
const plates = record(staff.items(order_id));
await until(() => plates.data);
await staff.http.put(`/orders/${order_id}/items`, { items });
await guests.request('update_guests_count', { guests_count: 3 });
await guests.request('call_waiter', { reason: 'other' });
await order.request('update_status', { status: 'confirmed' });
await order.request('update_status', { status: 'ready' });
await order.request('update_status', { status: 'delivered' });
const { balance: amount } = await order.refresh();
await staff.http.post(`/orders/${order_id}/payments`, { amount, method: 'cash' });
await staff.http.post('/waiters/10/tasks', { message: 'Clear table 5' });
await staff.http.post('/waiters/10/alerts', { message: 'Table 5 is cold', table_id: 5 });
const { notification_id } = await staff.http.post('/restaurants/2/alerts', { message: 'Hurry' });
await staff.notifications(2).request('acknowledge', { notification_id });
await staff.http.post('/restaurants/2/broadcasts', { message: 'Kitchen closes' });
await staff.http.patch('/restaurants/2/menu/items/7', { price: '7.00' });
await staff.http.post('/restaurants/2/pause', {});
await staff.http.post('/restaurants/2/resume', {});
await staff.http.patch('/restaurants/2/ordering', { day_starts_at: '05:00' });
await guests.request('close_session');
const { device_id } = await staff.http.post('/restaurants/2/devices', { role: 'kitchen', label: 'Grill' });
const { device_code } = await staff.http.get(`/restaurants/2/devices/${device_id}/code`);
await staff.http.post('/devices/sign-in', { device_code });
await staff.http.delete(`/restaurants/2/devices/${device_id}`);
const WANTED = [
  'order.order_status', 'order.order_update', 'order.order_items_update', 'items.items_list',
  'items.items_updated', 'table.table_status', 'table.table_update', 'session.session_status',
  'session.session_update', 'waiter.tasks_list', 'waiter.task_notification', 'waiter.alert',
  'restaurant.restaurant_status', 'restaurant.new_order', 'restaurant.order_ready',
  'restaurant.payment_completed', 'restaurant.broadcast', 'restaurant.table_update',
  'notifications.notifications_list', 'notifications.order_notification',
  'notifications.payment_notification', 'notifications.task_notification', 'notifications.alert',
  'notifications.notification_acknowledged', 'menu.menu', 'menu.menu_update',
  'menu.menu_item_updated', 'menu.ordering_update',
  'devices.devices', 'devices.device_added', 'devices.device_signed_in', 'devices.device_removed',
];
await until(() => WANTED.every((name) => messages.has(name)), 'each message type');
const followed = [...channels, order, plates].map(
  ({ name, data }) => `export const ${name}: Data['${name}'] = ${JSON.stringify(data)};`,
);
staff.disconnect();

const [file, client] = process.argv.slice(2);
const constants = [...messages].map(([name, data]) => {
  const [channel, type] = name.split('.');
  const as = `Messages['${channel}']['${type}']`;
  return `export const ${channel}_${type}: ${as} = ${JSON.stringify(data)};`;
});
const head = `import type { Data, Messages } from '${client}';`;
writeFileSync(file, [head, ...constants, ...followed, ''].join('\n'));
