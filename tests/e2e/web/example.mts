// Uses of the client as pages have them. Only the type checker reads this file; it must report no error.
import {
  QueueFullError, RefusedError, RestaurantQR, RestaurantQRClient, type Status,
} from '../../../web/client/index.js';

const qr = new RestaurantQR({
  token: 'a token',
  renewToken: async () => null,
  onStatus: (status: Status, channel) => console.log(channel.name, status.state, status.since),
});

const session = qr.session(2);
const stop: () => void = session.follow(({ orders, balance }) => {
  console.log(orders.length, balance);
});
session.on('session_update', (data, frame) => console.log(data.guests_count, frame.seq));
session.on('status', ({ state }) => console.log(state));

try {
  const { order_id } = await session.request('place_order', {
    items: [{ menu_item_id: 1, quantity: 2, notes: 'no salt' }],
  });
  qr.items(order_id).on('items_updated', ({ items }) => console.log(items[0]?.status));
  const ack = await qr.table(5).request('occupy', { guests_count: 2 });
  const code: string = ack.session_code;
  const menu = await qr.menu(2).request('get_menu');
  console.log(code, menu.categories[0]?.items[0]?.price);
} catch (error) {
  if (error instanceof RefusedError && error.code === 'item_unavailable') {
    console.log(error.details);
  }
  if (error instanceof QueueFullError) console.log(error.limit);
}

// @ts-expect-error: unknown action
void session.request('occupy');
// @ts-expect-error: unknown status
void qr.order(1).request('update_status', { status: 'eaten' });
// @ts-expect-error: unknown message type
session.on('order_status', () => {});

class Screen extends RestaurantQRClient {
  override handleOrderUpdate(data: { type: string }) {
    console.log(data.type);
  }
}
const screen = new Screen(1, 5, 10, 2);
screen.connectOrder();
screen.sockets.order?.send(JSON.stringify({ action: 'get_status' }));
screen.disconnect();
stop();
