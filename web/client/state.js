/**
 * What a channel shows: its last snapshot, brought up to date by the events after it. Pure.
 */

/** Events whose data is all there is to know of their entity, as in its snapshot. */
const WHOLE = [
  'order_status', 'order_update', 'items_updated', 'table_status', 'table_update',
  'session_status', 'session_update', 'menu_update',
];
const ORDERS = ['new_order', 'order_ready', 'payment_completed'];

/**
 * The data after an event; null where only a new snapshot can tell.
 * @param {string} channel
 * @param {any} data
 * @param {{type: string, data: any}} event
 */
export function after(channel, data, { type, data: told }) {
  const { version, ...row } = told;
  switch (channel) {
    case 'restaurant':
      return { ...data, ...restaurantAfter(data, type, row), version };
    case 'waiter':
      return { ...data, tasks: listed(data.tasks, type, row), version };
    case 'notifications':
      return { ...data, notifications: listed(data.notifications, type, row), version };
    case 'devices':
      return { ...data, devices: devicesAfter(data.devices, type, row), version };
    default:
      return WHOLE.includes(type) ? told : null;
  }
}

/**
 * What has changed of a restaurant.
 * @param {any} data
 * @param {string} type
 * @param {any} row
 */
function restaurantAfter(data, type, row) {
  if (type === 'table_update') {
    const list = put(data.tables.list, 'table_id', row);
    const count = (/** @type {string} */ flag) => list.filter((table) => table[flag]).length;
    const [active, occupied] = [count('is_active'), count('is_occupied')];
    return { tables: { total: list.length, active, occupied, list } };
  }
  if (!ORDERS.includes(type)) return {};
  return { open_orders: put(data.open_orders, 'order_id', row) };
}

/**
 * @param {any[]} devices
 * @param {string} type
 * @param {any} row
 */
function devicesAfter(devices, type, row) {
  if (type !== 'device_removed') return put(devices, 'device_id', row);
  return devices.filter((each) => each.device_id !== row.device_id);
}

/**
 * @param {any[]} notifications
 * @param {string} type
 * @param {any} row
 */
function listed(notifications, type, row) {
  const id = row.notification_id;
  const known = notifications.find((each) => each.notification_id === id);
  if (type !== 'notification_acknowledged') {
    return put(notifications, 'notification_id', { type, ...row });
  }
  return known ? put(notifications, 'notification_id', { ...known, ...row }) : notifications;
}

/**
 * The list with one row in its place, or at the end.
 * @param {any[]} list
 * @param {string} key
 * @param {any} row
 */
function put(list, key, row) {
  const known = list.some((each) => each[key] === row[key]);
  return known ? list.map((each) => (each[key] === row[key] ? row : each)) : [...list, row];
}
