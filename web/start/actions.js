/** An example of each action of each channel. */

export const ACTIONS = {
  order: [
    { action: 'get_status' }, { action: 'update_status', status: 'confirmed' },
  ],
  items: [
    { action: 'get_items' },
    { action: 'update_item', item_id: 1, status: 'ready' },
    { action: 'add_items', items: [{ menu_item_id: 1, quantity: 1 }] },
    { action: 'void_items', items: [{ item_id: 1, units: 1 }], reason: '' },
    { action: 'deliver_items', item_ids: [1] },
  ],
  table: [{ action: 'get_status' }, { action: 'occupy', guests_count: 2 }, { action: 'release' }],
  session: [
    { action: 'get_status' },
    { action: 'place_order', items: [{ menu_item_id: 1, quantity: 2, notes: '' }] },
    { action: 'call_waiter', reason: 'bill' },
    { action: 'update_guests_count', guests_count: 3 },
    { action: 'close_session' },
  ],
  waiter: [{ action: 'get_tasks' }, { action: 'acknowledge', notification_id: 'order-1-1' }],
  restaurant: [{ action: 'get_status' }],
  notifications: [
    { action: 'get_notifications' }, { action: 'acknowledge', notification_id: 'order-1-1' },
  ],
  menu: [{ action: 'get_menu' }],
};
