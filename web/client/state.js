/** The data of a channel: its last snapshot with all later events. Pure. */

/** Events whose data replaces that of the snapshot. */
const REPLACING_EVENTS = [
  'order_status', 'order_update', 'items_updated', 'table_status', 'table_update',
  'session_status', 'session_update',
];
const ORDER_EVENTS = ['new_order', 'order_ready', 'payment_completed'];

/**
 * The data after an event; null if a new snapshot is needed.
 * @param {string} channel
 * @param {any} data
 * @param {{type: string, data: any}} event
 */
export function applyEvent(channel, data, event) {
  const { type } = event;
  const { version, ...row } = event.data;
  switch (channel) {
    case 'restaurant':
      return { ...data, ...restaurantChanges(data, type, row), version };
    case 'waiter':
      return { ...data, tasks: updateNotifications(data.tasks, type, row), version };
    case 'notifications':
      return { ...data, notifications: updateNotifications(data.notifications, type, row), version };
    case 'devices':
      return { ...data, devices: updateDevices(data.devices, type, row), version };
    case 'menu':
      return type === 'menu_update' ? event.data : menuChanges(data, type, event.data);
    default:
      return REPLACING_EVENTS.includes(type) ? event.data : null;
  }
}

/**
 * @param {any} data
 * @param {string} type
 * @param {any} row
 */
function restaurantChanges(data, type, row) {
  if (type === 'table_update') {
    const list = upsert(data.tables.list, 'table_id', row);
    const count = (/** @type {string} */ flag) => list.filter((table) => table[flag]).length;
    const [active, occupied] = [count('is_active'), count('is_occupied')];
    return { tables: { total: list.length, active, occupied, list } };
  }
  if (!ORDER_EVENTS.includes(type)) return {};
  return { open_orders: upsert(data.open_orders, 'order_id', row) };
}

/**
 * @param {any} menu
 * @param {string} type
 * @param {any} row
 */
function menuChanges(menu, type, { item, menu_version, ordering, version }) {
  if (type === 'withheld') return { ...menu, version };
  if (type === 'ordering_update') return { ...menu, ordering, version };
  if (type !== 'menu_item_updated') return null;
  const withItem = (/** @type {any} */ category) => ({
    ...category, items: category.items.map((/** @type {any} */ each) => (each.id === item.id ? item : each)),
  });
  return { ...menu, menu_version, version, categories: menu.categories.map(withItem) };
}

/**
 * @param {any[]} devices
 * @param {string} type
 * @param {any} row
 */
function updateDevices(devices, type, row) {
  if (type !== 'device_removed') return upsert(devices, 'device_id', row);
  return devices.filter((each) => each.device_id !== row.device_id);
}

/**
 * @param {any[]} notifications
 * @param {string} type
 * @param {any} row
 */
function updateNotifications(notifications, type, row) {
  const id = row.notification_id;
  const known = notifications.find((each) => each.notification_id === id);
  if (type !== 'notification_acknowledged') {
    return upsert(notifications, 'notification_id', { type, ...row });
  }
  return known ? upsert(notifications, 'notification_id', { ...known, ...row }) : notifications;
}

/**
 * The list with one row replaced, or added at the end.
 * @param {any[]} list
 * @param {string} key
 * @param {any} row
 */
function upsert(list, key, row) {
  const known = list.some((each) => each[key] === row[key]);
  return known ? list.map((each) => (each[key] === row[key] ? row : each)) : [...list, row];
}
